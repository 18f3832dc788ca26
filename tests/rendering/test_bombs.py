"""Test that texts made to cost time or memory stay readable, and cost little."""

from __future__ import annotations

import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

from chat import rendering
from chat.rendering import fences, input_limits, pipeline
from tests.rendering.bombs import BOMBS, SIZE
from tests.rendering.checks import checked

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("size", [SIZE // 2, pytest.param(SIZE, marks=pytest.mark.long)])
def test_no_bomb_ends_a_process_or_takes_it_for_long(size: int) -> None:
    """OW 26-59220, 26-70493; LB 26-58578: a text that takes a server's time."""
    command = [sys.executable, "-m", "tests.rendering.bombs", str(size)]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert (ended.returncode, ended.stderr) == (0, "")


class Counted(str):
    """A text that counts how often it is searched from its beginning."""

    searches = 0

    def __contains__(self, sign: object) -> bool:
        Counted.searches += 1
        return super().__contains__(sign)  # type: ignore[operator]


def test_a_text_is_searched_for_fences_once_however_many_it_has() -> None:
    found = list(fences.split(Counted("~~~\n~~~\n" * 100)))

    assert (len(found), Counted.searches) == (101, 2)


@pytest.mark.parametrize(
    "name", ["'a@b.cd '", "'**'", "'> [!NOTE]\\n'", "nested links", "deep quotations", "random signs"]
)
def test_a_bomb_is_harmless(name: str) -> None:
    assert checked(rendering.render(BOMBS[name], "m1"))


@pytest.mark.parametrize("line", [">" * 40, "> - 1. " * 12, " - " * 40])
def test_a_line_that_nests_too_deep_is_text_by_one_sign_more(line: str) -> None:
    defused = input_limits.limit_nesting(line)

    assert len(defused) == len(line) + 1 and defused.replace("\\", "") == line
    html = rendering.render(line, "m1")
    assert checked(html).text.strip() == line.strip() and html.count("<") == 2


@pytest.mark.parametrize("length", [pipeline.SHORT, pipeline.SHORT + 1])
def test_a_long_text_is_rendered_beside_the_greenlets(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    aside: list[bool] = []
    monkeypatch.setattr(pipeline, "run_in_thread", lambda work: aside.append(True) or work())

    html = rendering.render("x" * length, "m1")

    assert (html, aside) == (f'<p dir="auto">{"x" * length}</p>', [True] * (length > pipeline.SHORT))


def test_a_text_that_is_too_long_is_plain() -> None:
    text = "*a* " * (input_limits.TEXT_LIMIT // 4)

    assert rendering.render(text, "m1").startswith("<p")
    assert rendering.render(text + "*b*", "m1") == f'<pre class="plain">{text}*b*</pre>'


def test_a_text_with_too_much_html_is_plain() -> None:
    html = rendering.render('"' * input_limits.TEXT_LIMIT, "m1")

    assert html.startswith('<pre class="plain">')
    assert unescape(html).count('"') == input_limits.TEXT_LIMIT + 2


@pytest.mark.parametrize(("rows", "tables"), [(1990, 1), (2100, 0)])
def test_too_large_a_table_is_text(rows: int, tables: int) -> None:
    html = rendering.render("|a" * 10 + "\n" + "|-" * 10 + "\n" + "|\n" * (rows * 10 // 11), "m1")

    assert html.count("<table") == tables


def test_many_tables_are_as_large_as_one() -> None:
    table = "|a" * 50 + "|\n" + "|-" * 50 + "|\n" + "|\n" * 48 + "\n"

    assert "<table" in rendering.render(table * 7, "m1")
    assert "<table" not in rendering.render(table * 9, "m1")


@pytest.mark.parametrize("marker", ["> ", ">", "- ", "1. ", "* ", "12) ", "> - "])
def test_what_nests_too_deep_is_text(marker: str) -> None:
    html = rendering.render(f"Above\n\n{marker * 40}deep\n\nBelow", "m1")

    assert "<blockquote" not in html and "<li" not in html
    assert f"{marker * 40}deep".strip() in unescape(checked(html).text)


def test_what_nests_less_deep_is_nested() -> None:
    assert rendering.render("> " * 32 + "deep", "m1").count("<blockquote") == 32


def test_too_many_mail_addresses_are_text() -> None:
    assert 'href="mailto:' in rendering.render("a@b.cd " * 100, "m1")
    assert "href" not in rendering.render("a@b.cd " * 10_000, "m1")


def test_too_many_notes_are_none() -> None:
    html = rendering.render("[^1] " * 2000 + "\n\n[^1]: a", "m1")

    assert "<sup" not in html and "href" not in html
    assert checked(html).text.count("^1") == 2000


@pytest.mark.parametrize("opening", ["\\(", "\\["])
def test_too_many_open_formulas_are_text(opening: str) -> None:
    assert list(input_limits.find_costly_extensions(opening * 100 + "a")) == []
    assert list(input_limits.find_costly_extensions(opening * 40_000)) == []


def test_an_ordinary_answer_has_all_extensions() -> None:
    text = "Mail a@b.cd (or c@d.ef): \\(x\\)[^1]\n\n|a|b|\n|-|-|\n|1|2|\n\n- c\n\n" * 300

    assert list(input_limits.find_costly_extensions(text)) == []


def test_formulas_and_code_share_a_limit_of_time() -> None:
    drawn = rendering.render("$x^2$ " * 20_000, "m1")

    assert 0 < drawn.count("<math") < 20_000 == drawn.count("<math") + drawn.count('<code class="math"')
