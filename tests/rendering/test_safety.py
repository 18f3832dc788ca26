"""Test that no text runs a script, loads a file or sends a request, whole or at any moment of its growth."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat import rendering
from chat.rendering import sanitizer
from tests.rendering.checks import begun, checked
from tests.rendering.constructs import CONSTRUCTS, TOGETHER
from tests.rendering.corpus import CORPUS

SIGNS = [
    *"*_`~[]()<>!|$\\#-+ \n\t:/&;\"'^=.1ax\r\0",
    "```",
    "\n\n",
    "](",
    "http://",
    "<hx-",
    "\\[",
    "[^1]",
    "$$",
    "- ",
    "> ",
]
PIECES = st.lists(
    st.sampled_from([*SIGNS, *CORPUS, *(text for text, _ in (CONSTRUCTS | TOGETHER).values())]), max_size=30
)


@pytest.mark.parametrize("text", CORPUS)
def test_an_attack_is_harmless(text: str) -> None:
    """OW 24-6706, 25-46719; ALLM 24-3570; NC 25-50733; LB 25-59417, 26-42045: markup of a model that runs."""
    assert checked(rendering.render(text, "m1"))


def test_a_tag_in_a_value_gets_no_level_which_would_end_the_value() -> None:
    page = rendering.render('[a](http://x "<h1 onclick=x() ")', "m1")

    assert checked(page) and "title=" in page and "aria-level" not in page


@pytest.mark.parametrize("text", CORPUS)
def test_an_attack_is_harmless_wherever_it_is_split(text: str) -> None:
    """ALLM 26-32626: a growing text was cleaned only at its end."""
    for middle in range(1, len(text)):
        page, growing = begun(text[:middle])
        for second, piece in enumerate((text[middle:], "\n\n", "End")):
            page.apply(growing.feed(piece, second))
        assert "End" in page.html


@pytest.mark.parametrize("text", CORPUS)
def test_an_attack_is_harmless_while_its_redraws_wait(text: str) -> None:
    page, growing = begun()

    for sign in f"A word {text}":
        page.apply(growing.feed(sign, 0))

    assert page.messages


def test_what_htmx_rewrites_is_not_there() -> None:
    html = "".join(rendering.render(text, "m1") for text in CORPUS)

    assert re.sub(r"<hx-([a-z]+)(\s+|>)", r"<template hx type=\1\2", html) == html


TEXTS = st.text() | PIECES.map("".join)
PAUSES = st.lists(st.sampled_from([0, 0.05, 1]), min_size=30, max_size=30)
MANY = settings(deadline=None, max_examples=50_000, suppress_health_check=list(HealthCheck))


def is_harmless(text: str) -> None:
    """Check that a whole rendering contains only allowed HTML, and that sanitising it again changes nothing."""
    html = rendering.render(text, "m1")

    assert checked(html).text is not None
    assert sanitizer.clean(html) == sanitizer.clean(sanitizer.clean(html))


def is_harmless_growing(pieces: list[str], pauses: list[float]) -> None:
    """Check that a page never receives other HTML, and that its final state matches the server's record."""
    (page, growing), now = begun(), 0.0

    for piece, pause in zip(pieces, pauses, strict=False):
        now += pause
        page.apply(growing.feed(piece, now))
    messages, shown = growing.end()
    page.apply(messages)

    assert rendering.digest(page.html) == shown


@settings(deadline=None)
@given(TEXTS)
def test_any_text_is_harmless(text: str) -> None:
    """ALLM 26-41318; LC 26-54025: a description of a picture that becomes an attribute."""
    is_harmless(text)


@settings(deadline=None)
@given(PIECES, PAUSES)
def test_any_answer_is_harmless_while_it_grows(pieces: list[str], pauses: list[float]) -> None:
    is_harmless_growing(pieces, pauses)


@pytest.mark.long
@pytest.mark.timeout(3600)
@MANY
@given(TEXTS)
def test_fifty_thousand_texts_are_harmless(text: str) -> None:
    is_harmless(text)


@pytest.mark.long
@pytest.mark.timeout(3600)
@MANY
@given(PIECES, PAUSES)
def test_fifty_thousand_answers_are_harmless_while_they_grow(pieces: list[str], pauses: list[float]) -> None:
    is_harmless_growing(pieces, pauses)


@settings(deadline=None)
@given(st.lists(st.sampled_from(["word", " ", ", ", "next", ". ", "\n", "\n\n", "*", "`", "- ", "1. ", "```\n", "|"])))
def test_every_word_is_on_the_page_after_a_silence(pieces: list[str]) -> None:
    page, growing = begun()

    for piece in pieces:
        page.apply(growing.feed(piece, 0))
    page.apply(growing.feed("", 10))

    assert [checked(page.html).text.count(word) for word in ("word", "next")] == [
        "".join(pieces).count(word) for word in ("word", "next")
    ]
