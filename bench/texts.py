"""Write the fake provider's texts, whose words are stamps.

Each kind returns what stands before and after the word with a given number.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from bench.stamps import stamped

Kind = Callable[[int], tuple[str, str]]


def words(number: int) -> tuple[str, str]:
    """Write one endless paragraph."""
    return "", " "


def prose(number: int) -> tuple[str, str]:
    """Write paragraphs of five sentences of twelve words."""
    if number % 60 == 59:
        return "", ".\n\n"
    return "", ". " if number % 12 == 11 else " "


def items(number: int) -> tuple[str, str]:
    """Write a list with twelve words an item."""
    return "- " if number % 12 == 0 else "", "\n" if number % 12 == 11 else " "


def table(number: int) -> tuple[str, str]:
    """Write a table of three columns, two words a cell."""
    head = "| one | two | three |\n|---|---|---|\n" if number == 0 else ""
    before = "| " if number % 6 == 0 else ""
    return head + before, (" |\n" if number % 6 == 5 else " | " if number % 2 else " ")


def fence(number: int) -> tuple[str, str]:
    """Write Python code in a fence that ends with the answer."""
    head = "```python\n" if number == 0 else ""
    return (head, " = ") if number % 3 == 0 else ("", " + ") if number % 3 == 1 else ("", " * 2\n")


KINDS: dict[str, Kind] = {"words": words, "prose": prose, "list": items, "table": table, "fence": fence}


@cache
def length(kind: str, tokens: int) -> int:
    """Return the bytes in a text of so many tokens."""
    return sum(len(before) + len(stamped(0)) + len(after) for before, after in map(KINDS[kind], range(tokens)))


@cache
def around(kind: str, number: int) -> tuple[bytes, bytes]:
    """Return what surrounds a word, escaped for a JSON string."""
    before, after = KINDS[kind](number)
    return in_json(before), in_json(after)


def in_json(text: str) -> bytes:
    """Escape line ends, the only signs here that JSON must escape."""
    return text.replace("\n", "\\n").encode()
