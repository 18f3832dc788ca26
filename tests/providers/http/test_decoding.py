"""Test Aivvm's decoding: UTF-8 as it arrives, and unicode-escape for invalid bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.providers.aivvm import Utf8OrEscape

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def decoded(*reads: bytes) -> str:
    decoder = Utf8OrEscape()
    return "".join([*map(decoder.decode, reads), decoder.decode(b"", final=True)])


@given(TEXT, st.integers(0))
def test_text_is_itself_wherever_it_is_cut(text, place):
    body = text.encode()
    place %= len(body) + 1

    assert decoded(body[:place], body[place:]) == text


@given(st.lists(st.binary()))
def test_any_bytes_are_the_same_text_however_they_are_cut(reads):
    assert decoded(*reads) == decoded(b"".join(reads))


@given(st.binary())
def test_any_bytes_are_text_that_can_be_stored(stream):
    decoded(stream).encode()


@given(TEXT)
def test_a_text_s_own_bytes_in_latin_1_come_out_as_latin_1_or_utf_8(text):
    stream = text.encode("latin-1", "ignore")

    assert len(decoded(stream)) <= len(stream)


@pytest.mark.parametrize(
    ("stream", "text"),
    [
        (b"a\xffb", "a\xffb"),
        (b"\xe4\xbdA", "\xe4\xbdA"),
        (b"\xc3\\n", "\xc3\\n"),
        (b"caf\xe9!", "caf\xe9!"),
        (b"\xed\xa0\xbd", "\xed\xa0\xbd"),
        (b"\xf5\x80", "\xf5\x80"),
        ("水".encode() + b"\xff" + "水".encode(), "水\xff水"),
        ("水".encode()[:1], "\ufffd"),
        ("水".encode()[:2], "\ufffd"),
        ("👋".encode()[:3], "\ufffd"),
        (b"", ""),
    ],
)
def test_only_the_bytes_that_are_not_utf_8_are_escaped(stream, text):
    assert decoded(stream) == text
    assert decoded(*(bytes([byte]) for byte in stream)) == text


def test_a_million_wrong_bytes_are_no_burden():
    assert decoded(b"\xff" * 200_000) == "\xff" * 200_000
