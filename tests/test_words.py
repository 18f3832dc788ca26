"""Test that what people read is free of the worst habits of translated English, and that each habit is found."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests import words


def test_no_page_and_no_script_has_a_bad_habit() -> None:
    assert words.of_pages() == []


def test_no_error_no_setting_and_no_command_has_a_bad_habit() -> None:
    assert words.of_code() == []


def test_no_page_of_the_documentation_has_a_bad_habit() -> None:
    assert words.of_prose() == []


@pytest.mark.parametrize(
    ("text", "habit"),
    [
        ("Whoever opens it is let in.", "whoever"),
        ("A list of those who have an account.", "those who"),
        ("Ask the person who runs this app.", "who runs this"),
        ("It starts anew.", "anew"),
        ("It can't be reached just now.", "just now"),
        ("Too many are sent at this moment.", "just now"),
        ("The address by which people reach it.", "by which"),
        ("Domains of which that is believed; or all else.", "else, at the end"),
        ("Its own, or something of the host if you write it so, else", "else, at the end"),
        ("Sign in by it; else ask for another one.", "else, for otherwise"),
        ("It is gone. As there is no other, add one.", "as, for because"),
        ("Enter an E-mail address.", "e-mail"),
        ("The link may be used.", "may"),
        ("Ask an admin of this Rivulet.", "this Rivulet"),
    ],
)
def test_a_habit_is_found(text: str, habit: str) -> None:
    assert words.habits_in([(1, text)]) == [(1, habit)]


@pytest.mark.parametrize(
    "text",
    [
        "Make someone else an admin first.",
        "Nobody reads it, and it is for nobody else.",
        "As long as it runs, ask again. As root, run it.",
        "Enter your email. This server uses Rivulet.",
        "It expires in May.",
        "Those are the defaults. Otherwise choose a model.",
    ],
)
def test_plain_english_has_none(text: str) -> None:
    assert words.habits_in([(1, text)]) == []


def test_every_kind_of_text_is_read_with_its_line() -> None:
    page = '{# whoever #}\n<p title="anew">{% if x %}\n{{ "those who" }} a <b class="anew">conversation</b></p>'
    script = "// anew\nsay('just now') /* whoever */\nconst url = \"https://x.test\""
    module = '"""anew"""\nNOTE = f"whoever {NOTE}"\n\ndef ask():\n    """Ask anew."""\n    return "by " "which"'
    shell, prose = "# anew\nfail 'whoever'", "# Title\n\nIt is `anew`.\n\n```\nwhoever\n```\n\nNot\nanew.\n"

    def found(texts: Iterable[words.Text]) -> list[tuple[int, str]]:
        return sorted(words.habits_in(texts, words.HABITS | words.ON_PAGES))

    assert found(words.in_template(page)) == [(2, "anew"), (3, "conversation"), (3, "those who")]
    assert found(words.in_script(script)) == [(2, "just now")]
    assert found(words.in_module(module)) == [(2, "whoever"), (6, "by which")]
    assert found(words.in_module(module, helps=True)) == [(1, "anew"), (2, "whoever"), (5, "anew"), (6, "by which")]
    assert found(words.in_shell(shell)) == [(2, "whoever")]
    assert found(words.in_prose(prose)) == [(10, "anew")]
