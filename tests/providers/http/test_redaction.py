"""Test that quotations of a server's text are short, on one line, and without keys."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.providers.http.redaction import redact

KEY = "sk-proj-abcdefgh12345678+/="
ODD = "my own key, of no known form: Zq7"


@pytest.mark.parametrize("key", [KEY, ODD, ODD[:9]])
@pytest.mark.parametrize(
    "written",
    [
        lambda key: key,
        lambda key: f"{key[:8]}{'*' * 20}{key[-4:]}",
        lambda key: quote(key, safe=""),
        lambda key: key[1:],
        lambda key: key[:-1],
        lambda key: key.replace("+", "&#43;").replace(",", "&#44;"),
    ],
    ids=["whole", "starred", "for an address", "without its first sign", "without its last sign", "for HTML"],
)
def test_nothing_of_the_key_is_repeated_however_it_is_written(key: str, written) -> None:
    said = redact(f"Incorrect API key provided: {written(key)}. Sorry.", key, 200)

    assert said == ""


@pytest.mark.parametrize("written", ["sk-abcdefgh12345678", "ab*********78"])
def test_somebody_else_s_key_is_left_out(written: str) -> None:
    assert redact(f"bad: {written}", "", 200) == "bad: …"


@given(st.text())
def test_it_is_one_short_printable_line(words: str) -> None:
    said = redact(words, KEY, 50)

    assert said.isprintable() and len(said) <= 51


def test_what_turns_text_around_or_breaks_the_line_is_left_out() -> None:
    assert redact("a\u202egnp.exe\r\nERROR forged\0", "", 200) == "agnp.exe ERROR forged"


@pytest.mark.parametrize("words", ["*" * 60_000, "x" * 60_000, "sk-" * 20_000, "*x" * 30_000, "%" * 60_000])
def test_a_long_one_is_looked_at_in_part(words: str) -> None:
    assert len(redact(words, KEY, 200)) <= 201
