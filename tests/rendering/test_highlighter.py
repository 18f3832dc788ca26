"""Test code blocks and their colours."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.rendering import highlighter
from chat.rendering.time_budget import TimeBudget
from tests.rendering.checks import text_of

PLENTY = TimeBudget(1e9)
CODE = """\
class A(B):  # note
    x = 'a<b' + f"{1:>3}"

\tint y = 0x1F; // é
-old
+new
@dec def f() { return `a` }
"""


@pytest.mark.parametrize("language", [*highlighter.LANGUAGES.split(), *highlighter.ALIASES])
def test_every_language_shows_the_code_as_it_is(language: str) -> None:
    html = highlighter.figure(CODE, language, PLENTY)

    assert text_of(html) == language + CODE
    assert f'class="language-{language}"' in html


@pytest.mark.parametrize("language", ["python", "javascript", "bash", "diff", "html"])
@settings(deadline=None)
@given(code=st.text("ab1 \n\t\"'#/<>(){}[]=+-*\\é$`@:;"))
def test_any_code_is_shown_as_it_is(language: str, code: str) -> None:
    assert text_of(highlighter.figure(code, language, PLENTY)) == language + code


@pytest.mark.parametrize(
    ("language", "coloured"),
    [
        ("python", "<span class=k>class</span> <span class=nf>A</span>"),
        ("python", "<span class=c># note</span>"),
        ("Python", "<span class=k>class</span>"),
        ("diff", "<span class=gd>-old</span>\n<span class=gi>+new</span>"),
        ("c", "<span class=m>0x1F</span>"),
    ],
)
def test_code_has_colours(language: str, coloured: str) -> None:
    assert coloured in highlighter.figure(CODE, language, PLENTY)


@pytest.mark.parametrize("language", ["", "text", "quux", "console", "ini", "python:a.py"])
def test_other_languages_have_none(language: str) -> None:
    assert "<span" not in highlighter.figure(CODE, language, PLENTY)


def test_long_code_has_no_colours() -> None:
    assert "<span" not in highlighter.figure("x = 1\n" * 9_000, "python", PLENTY)


def test_code_with_a_wide_gap_has_no_colours() -> None:
    assert "<span" not in highlighter.figure("x = 1" + "\n" * 1000, "matlab", PLENTY)


def test_without_time_left_code_is_plain() -> None:
    assert "<span" not in highlighter.figure(CODE, "python", TimeBudget(0))


class Few(TimeBudget):
    """A time budget for a few tokens."""

    tokens = 10

    def is_left(self) -> bool:
        self.tokens -= 1
        return self.tokens > 0


def test_when_time_runs_out_the_rest_is_plain() -> None:
    html = highlighter.figure("x = 1\n" * 100, "python", Few())

    assert text_of(html) == "python" + "x = 1\n" * 100
    assert 0 < html.count("<span") < 10


@pytest.mark.parametrize("label", ['"onload=x', "<b>", "a" * 1000, "é", "x.py:1"])
def test_a_label_is_text(label: str) -> None:
    html = highlighter.figure("x", label, PLENTY)

    assert text_of(html) == label[:200] + "x"
