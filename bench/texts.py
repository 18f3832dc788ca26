"""What the fake provider says: kinds of text, made of stamps as their words.

A kind tells what stands before and after the word of a number.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from bench.stamps import stamped

Kind = Callable[[int], tuple[str, str]]


def words(number: int) -> tuple[str, str]:
    """Write one paragraph without an end."""
    return "", " "


def prose(number: int) -> tuple[str, str]:
    """Write paragraphs of five sentences of twelve words."""
    if number % 60 == 59:
        return "", ".\n\n"
    return "", ". " if number % 12 == 11 else " "


def items(number: int) -> tuple[str, str]:
    """Write a list, twelve words an item."""
    return "- " if number % 12 == 0 else "", "\n" if number % 12 == 11 else " "


def table(number: int) -> tuple[str, str]:
    """Write a table of three columns, two words a cell."""
    head = "| one | two | three |\n|---|---|---|\n" if number == 0 else ""
    before = "| " if number % 6 == 0 else ""
    return head + before, (" |\n" if number % 6 == 5 else " | " if number % 2 else " ")


def fence(number: int) -> tuple[str, str]:
    """Write code in Python, in a fence that the answer's end closes."""
    head = "```python\n" if number == 0 else ""
    return (head, " = ") if number % 3 == 0 else ("", " + ") if number % 3 == 1 else ("", " * 2\n")


KINDS: dict[str, Kind] = {"words": words, "prose": prose, "list": items, "table": table, "fence": fence}


@cache
def length(kind: str, tokens: int) -> int:
    """Tell how many bytes so many tokens have."""
    return sum(len(before) + len(stamped(0)) + len(after) for before, after in map(KINDS[kind], range(tokens)))


@cache
def around(kind: str, number: int) -> tuple[bytes, bytes]:
    """Give what stands around a word, as JSON writes it within quotes."""
    before, after = KINDS[kind](number)
    return in_json(before), in_json(after)


def in_json(text: str) -> bytes:
    """Write what holds no signs but line ends that JSON would escape."""
    return text.replace("\n", "\\n").encode()
