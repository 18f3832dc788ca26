"""Test where a growing text is cut."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.rendering import input_limits
from chat.rendering.streaming.splitter import Splitter

CUTS = {
    "paragraphs": ["one\n\n", "two"],
    "a heading and a paragraph": ["# one\n\n", "two"],
    "a list is one block": ["- a\n\n- b\n\n  c\n\n- d"],
    "a numbered list is one block": ["1. a\n\n   b\n\n12. c\n\n3) d"],
    "a paragraph after a list": ["- a\n\n", "b"],
    "a list after a paragraph": ["a\n\n", "- b\n- c"],
    "a paragraph with a list": ["a:\n- b\n\n- c\n\n", "d"],
    "strong words after a list": ["- a\n\n", "**b** c"],
    "a number after a list": ["- a\n\n", "12.5 is more"],
    "a rule after a list": ["- a\n\n", "---\n\n", "b"],
    "indented code": ["a\n\n    b\n\n    c\n\n", "d"],
    "a fence without blank lines around it": ["a\n", "```\nb\n```\n", "c"],
    "blank lines in a fence": ["```py\na\n\nb\n\n```\n", "\n", "c"],
    "a shorter fence in a fence": ["````\n```\n\na\n```\n````\n", "b"],
    "another fence in a fence": ["~~~\n```\n\n~~~\n", "a"],
    "a fence in a list": ["- a\n\n  ```\n  b\n\n  c\n  ```\n\n", "d"],
    "an unclosed fence in a quotation": ["> ```\n> a\n\n", "b"],
    "what only looks like a fence": ["``` a`b\n\n", "c"],
    "quotations": ["> a\nb\n\n", "> c"],
    "blank lines in a formula": ["$$\na\n\nb\n$$\n\n", "c"],
    "blank lines in a formula in brackets": ["\\[\na\n\nb\n\\]\n\n", "c"],
    "blank lines in an environment": ["\\begin{align*}\na\n\nb\n\\end{align*}\n\n", "c"],
    "a formula that a fence ends": ["$$\na\n\n", "```\nb\n```\n", "\n", "c"],
    "a formula in a line": ["$$a$$\n\n", "b"],
    "a fence in a fence of Markdown": ["```markdown\n```sh\na\n```\n\n```\n", "b"],
    "a fence in a fence of text": ["```text\n```sh\na\n```\n", "b"],
    "a table": ["|a|\n|-|\n|b|\n\n", "c"],
    "a line of spaces is blank": ["a\n \t\n", "b"],
    "blank lines first": ["\n\n", "a"],
    "a very long line": ["a" * 500 + "\n\n", "- " + "b" * 500 + "\n\n- c"],
}


@pytest.mark.parametrize("name", CUTS)
def test_blocks_are_cut(name: str) -> None:
    splitter = Splitter()

    blocks = [splitter.feed(sign).closed for sign in "".join(CUTS[name])]

    assert [*filter(None, blocks), splitter.open] == CUTS[name]


@pytest.mark.parametrize("name", CUTS)
def test_blocks_are_cut_in_the_same_places_when_all_comes_at_once(name: str) -> None:
    splitter = Splitter()

    closed = splitter.feed("".join(CUTS[name])).closed

    assert [closed, splitter.open] == ["".join(CUTS[name][:-1]), CUTS[name][-1]]


def test_a_block_closes_as_soon_as_the_next_one_is_sure_to_begin() -> None:
    splitter = Splitter()

    closed = [splitter.feed(piece).closed for piece in ("- a\n", "\n", "1", "2", "x")]

    assert closed == ["", "", "", "", "- a\n\n"]


def test_a_carriage_return_waits_for_its_line_feed() -> None:
    splitter = Splitter()

    cuts = [splitter.feed(piece) for piece in ("a\r", "\nb", "\r", "c")]

    assert [cut.added for cut in cuts] == ["a", "\nb", "", "\nc"]


def test_the_beginning_of_a_closing_fence_is_undecided() -> None:
    splitter = Splitter()

    undecided = []
    for piece in ("```\nx\n", "`", "`", "a\n``", "`"):
        splitter.feed(piece)
        undecided.append(splitter.undecided)

    assert undecided == ["", "`", "``", "``", "```"]


@settings(deadline=None)
@given(st.lists(st.text("a1`~->. \t\r\n*", max_size=8)))
def test_nothing_is_lost(pieces: list[str]) -> None:
    splitter = Splitter()
    text = "".join(pieces)

    closed = "".join(splitter.feed(piece).closed for piece in pieces)

    assert closed + splitter.open == input_limits.normalize(text.removesuffix("\r"))


@settings(deadline=None)
@given(st.lists(st.text("a1`~->. \t\n*", max_size=8)))
def test_pieces_make_no_difference(pieces: list[str]) -> None:
    splitter, whole = Splitter(), Splitter()

    closed = "".join(splitter.feed(piece).closed for piece in pieces)

    assert (closed, splitter.open, splitter.fence) == (whole.feed("".join(pieces)).closed, whole.open, whole.fence)
