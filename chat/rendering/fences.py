"""Code fences, and which line closes which.

Models nest fences in a fence of Markdown: one with a label opens, and a bare one closes the innermost. CommonMark would
close the outer fence at the first bare one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

OPENING = re.compile(
    r"^(?P<before>[ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)*)(?P<mark>`{3,}(?=[^`\n]*$)|~{3,})[ \t]*(?P<label>[^\n]*)$",
    re.MULTILINE,
)
LINE = re.compile(r"([ \t>]*)(`{3,}+|~{3,}+)[ \t]*+([^`\n]*)\n?")
NESTING = {"markdown", "md", "mdx"}


@dataclass
class Fence:
    """An open fence. `label` follows its mark and `before` precedes it; a mark of `longest` is too long for the inner
    fences to close.
    """

    mark: str
    label: str
    before: str = ""
    longest: int = 0
    inner: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.label = self.label.strip()
        self.longest = len(self.mark)

    def closes(self, line: str) -> bool:
        """Take the next line; return whether it closes the fence."""
        found = LINE.fullmatch(line)
        if not found or found[2][0] != self.mark[0] or not self._is_beside(found[1]):
            return False
        mark, label = found[2], found[3].strip()
        if label:
            self._open_inner(mark)
        elif self.inner:
            self._close_inner(mark)
        else:
            return len(mark) >= len(self.mark)
        return False

    def leaves(self, line: str) -> bool:
        """Return whether a line is outside of the quotation that holds this fence."""
        return ">" in self.before and not line.lstrip().startswith(">")

    def _is_beside(self, before: str) -> bool:
        return len(before) < len(self.before) + 4 and (">" in before) == (">" in self.before)

    def _open_inner(self, mark: str) -> None:
        is_nesting = self.label.lower().partition(" ")[0] in NESTING
        if is_nesting and len(mark) >= len(self.mark):
            self.inner.append(mark)
            self.longest = max(self.longest, len(mark) + 1)

    def _close_inner(self, mark: str) -> None:
        if len(mark) >= len(self.inner[-1]):
            self.inner.pop()
            self.longest = max(self.longest, len(mark) + 1)


def split(text: str) -> Iterator[tuple[str, str]]:
    """Split a text into pairs: prose, and the fence behind it as CommonMark needs it, "" for none."""
    start = 0
    for fence, opening, end, is_closed in find(text):
        yield text[start:opening], lengthen(text[opening:end], fence, is_closed)
        start = end
    yield text[start:], ""


def find(text: str) -> Iterator[tuple[Fence, int, int, bool]]:
    """Yield each fence, where it starts and ends, and whether a line closes it."""
    end, has_some = 0, "```" in text or "~~~" in text
    while has_some and (opening := OPENING.search(text, end)):
        fence = Fence(opening["mark"], opening["label"], opening["before"])
        end, is_closed = find_end(fence, text, opening.end() + 1)
        yield fence, opening.start(), end, is_closed


def find_end(fence: Fence, text: str, start: int) -> tuple[int, bool]:
    """Return where a fence ends, and whether a line closes it."""
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        line = text[start:end]
        if fence.leaves(line):
            return start, False
        if fence.closes(line):
            return end, True
        start = end
    return len(text), False


def lengthen(text: str, fence: Fence, is_closed: bool) -> str:
    """Lengthen the marks of a fence that holds others, so that those don't close it."""
    if fence.longest == len(fence.mark):
        return text
    longer = fence.mark[0] * fence.longest
    text = text.replace(fence.mark, longer, 1)
    body, last = text.rstrip("\n").rpartition("\n")[::2]
    return f"{body}\n{last.replace(fence.mark, longer, 1)}\n" if is_closed else text
