"""Where a growing text can be cut into blocks that are rendered apart and never again.

A cut is right before a line that starts in column 0, follows a blank line and is no item of an open list; before the
opening line of a fence in column 0; and after its closing line. Inside a fence, and a formula that stands alone, there
is none. What this gets wrong (a reference to a later definition, say) the finished article puts right.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .. import delimiters, input_limits
from ..fences import Fence

LONG = 200
"""How much of a line, in characters, is needed to tell what it is."""

MANY = 200
"""How many parts of a block are kept apart: each takes 50 bytes beside its text."""

LINE = re.compile(r"[^\n]*\n|[^\n]+")
FENCE = re.compile(r"(`{3,}|~{3,})[ \t]*([^`\n]*)\n")
UNFINISHED = re.compile(r"[ \t>]*(?:-+|=+)[ \t]*|`{3,}[^`]*|~{3,}.*")
FORMULA = re.compile(rf" {{0,3}}(?:(\$\$)(?!\$)|(\\\[)|{delimiters.BEGIN})")
ITEM = re.compile(r" {0,3}(?:[-+*]|\d{1,9}[.)])[ \t\n]")

# Column 0 holds something; and it can't be the marker of an item, however the line goes on.
BEGINS = re.compile(r"[^ \t\n]")
BEGINS_NO_ITEM = re.compile(r"(?!(?:[-+*]|\d{1,9}[.)]?)(?:[ \t\n]|\Z))[^ \t\n]")


class Split(NamedTuple):
    """What feeding did: the text of the blocks that closed, "" for none; what the open block has new; and how much of
    the former the first of those blocks is, in characters.
    """

    closed: str
    added: str
    first: int = 0


class Splitter:
    """Cuts a text that comes in pieces. `fence` is the one that is open."""

    def __init__(self) -> None:
        self.fence: Fence | None = None
        self._block: list[str] = []
        self._line = ""
        self._return = ""
        self._formula = ""
        self._room = 0
        self._is_known = self._is_after_blank = self._has_list = False

    @property
    def open(self) -> str:
        """The text of the open block, normalized."""
        return "".join([*self._block, self._line])

    @property
    def undecided(self) -> str:
        """The end of the open block that can't be drawn before its line ends: what may close a fence, open one, or
        underline the line above; "" for none.
        """
        mark = re.compile(f" {{0,3}}{self.fence.mark[0]}*[ \t]*") if self.fence else UNFINISHED
        return self._line if not self._is_known and mark.fullmatch(self._line) else ""

    def feed(self, text: str) -> Split:
        """Take the next piece of the text, however it was split."""
        text = self._normalize(text)
        blocks = [block for part in LINE.findall(text) if (block := self._add(part))]
        return Split("".join(blocks), self.open, len(blocks[0])) if blocks else Split("", text)

    def _normalize(self, text: str) -> str:
        """Clean a piece; a carriage return at its end waits, as a line feed may belong to it."""
        text = self._return + text
        self._return = "\r" if text.endswith("\r") else ""
        return input_limits.normalize(text.removesuffix("\r"))

    def _add(self, part: str) -> str:
        self._line += part
        closed = self._cut() if self._begins_block() else ""
        if part.endswith("\n"):
            return closed + self._end_line()
        if len(self._line) > LONG:
            self._keep_line()
            self._is_known = True
        return closed

    def _begins_block(self) -> bool:
        if self.fence or self._is_known:
            return False
        begins = BEGINS_NO_ITEM if self._has_list else BEGINS
        is_apart = self._is_after_blank and not self._formula
        return bool((is_apart and begins.match(self._line)) or FENCE.fullmatch(self._line))

    def _end_line(self) -> str:
        line, is_whole = self._line, not self._is_known
        self._keep_line()
        self._is_known = False
        self._is_after_blank = is_whole and not line.strip(" \t\n")
        if self.fence:
            return self._close_fence() if is_whole and self.fence.closes(line) else ""
        if is_whole and (fence := FENCE.fullmatch(line)):
            self.fence, self._formula = Fence(fence[1], fence[2]), ""
        else:
            self._follow_formula(line)
        return ""

    def _follow_formula(self, line: str) -> None:
        """Note whether a formula that stands alone is open, which may hold blank lines."""
        start = 0
        if not self._formula and (opening := FORMULA.match(line)):
            start, self._room = opening.end(), delimiters.LENGTH_LIMIT
            self._formula = opening[1] or ("\\]" if opening[2] else f"\\end{{{opening['environment']}}}")
        self._room -= len(line)
        if self._formula in line[start:] or self._room < 0:
            self._formula = ""

    def _keep_line(self) -> None:
        self._has_list = self._has_list or bool(not self._is_known and ITEM.match(self._line))
        self._block.append(self._line)
        self._line = ""
        if len(self._block) > MANY:
            self._block = [self.open]

    def _close_fence(self) -> str:
        self.fence = None
        return self._cut()

    def _cut(self) -> str:
        closed = "".join(self._block)
        self._block.clear()
        self._has_list = False
        return closed
