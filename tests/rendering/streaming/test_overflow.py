"""Test an answer that outgrows its memory limit: the page shows all of it, and the server keeps little."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest

from chat import rendering
from chat.rendering.input_limits import TEXT_LIMIT
from chat.rendering.streaming.splitter import OPEN_LIMIT
from tests.rendering.checks import Page, text_of

PARTS = {
    "paragraphs": "A *word* and `some` more.\n\n" * 500,
    "a line without end": "word and more, " * 1000,
    "a fence": "count = count + 1  # <more>\n" * 500,
    "a list": "- one **thing**\n- more\n" * 500,
    "a table": "| a | `more` |\n" * 1000,
}
BEGUN = {"a fence": "```python\n", "a table": "| x | y |\n|---|---|\n"}
MOST = 400 * 1024
"""The most bytes of an answer that the server may keep for a page."""


def parts_of(name: str, length: int) -> Iterator[str]:
    """Return an answer of a kind in parts, as long as wanted."""
    sent = BEGUN.get(name, "")
    yield sent
    size = len(sent)
    while size < length:
        yield PARTS[name]
        size += len(PARTS[name])


@pytest.mark.parametrize("name", PARTS)
def test_all_of_an_answer_that_is_too_long_is_shown(name: str) -> None:
    page, growing = Page(), rendering.BoundedRenderer("m1")
    page.begin("".join(growing.begin([], 0)))

    sent = list(parts_of(name, TEXT_LIMIT + 20_000))
    for number, part in enumerate(sent):
        page.apply(growing.feed(part, number / 10))
    page.apply(growing.feed("The <end>", 1e6))
    messages, shown = growing.end()

    seen = text_of(page.html)
    assert seen.endswith("The <end>") and seen.count("more") == "".join(sent).count("more")
    assert page.html.count('<pre class="plain">') == 1
    assert not messages and shown != rendering.digest(page.html)


@pytest.mark.parametrize("name", PARTS)
def test_little_is_kept_of_an_answer_however_long_it_is(name: str) -> None:
    growing = rendering.BoundedRenderer("m1")
    tracemalloc.start()
    try:
        list(growing.begin([], 0))
        most = 0
        for number, part in enumerate(parts_of(name, 300_000)):
            growing.feed(part, number / 10)
            most = max(most, tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()

    assert most <= MOST


def test_what_is_too_long_so_far_is_begun_and_goes_on_in_the_next_messages() -> None:
    page, growing = Page(), rendering.BoundedRenderer("m1")
    parts = iter(["word " * 1_000] * 40)

    page.begin("".join(growing.begin(parts, 0)))
    begun, left = text_of(page.html), list(parts)
    for part in left:
        page.apply(growing.feed(part, 0))

    assert OPEN_LIMIT < len(begun) < 80_000 and left
    assert text_of(page.html).count("word") == 40_000


def test_what_is_begun_in_parts_is_begun_as_in_one() -> None:
    parts = ["# One\n\n- a\n- ", "b `c` d\n", "\n| e | f |\n|---|---|\n| g |", "\n\nThe **en"] * 50
    whole, growing = rendering.IncrementalRenderer("m1"), rendering.IncrementalRenderer("m1")

    assert "".join(growing.begin(parts, 0)) == "".join(whole.begin(["".join(parts)], 0))
    assert list(map(str, growing.feed("d**", 1))) == list(map(str, whole.feed("d**", 1)))
    assert growing.end() == whole.end()
