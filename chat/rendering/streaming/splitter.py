"""Cut a growing text into blocks that are rendered separately, once.

We cut before a line that starts in column 0, follows a blank line and is no item of an open list; before the opening
line of a fence in column 0; and after its closing line. There is no cut inside a fence or a formula that stands alone.
Some cuts are wrong, for example between a reference and its later definition; the finished article corrects them.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .. import formula_delimiters, input_limits
from ..fences import Fence

OPEN_LIMIT = 64 * 1024
"""The longest open block, in characters, that we keep: it is in memory for each page that watches."""

LONG = 200
"""How much of a line, in characters, shows what it is."""

MANY = 200
"""How many parts of a block we keep before we join them: each takes 50 bytes beside its text."""

LINE = re.compile(r"[^\n]*\n|[^\n]+")
FENCE = re.compile(r"(`{3,}|~{3,})[ \t]*([^`\n]*)\n")
UNFINISHED = re.compile(r"[ \t>]*(?:-+|=+)[ \t]*|`{3,}[^`]*|~{3,}.*")
FORMULA = re.compile(rf" {{0,3}}(?:(\$\$)(?!\$)|(\\\[)|{formula_delimiters.BEGIN})")
ITEM = re.compile(r" {0,3}(?:[-+*]|\d{1,9}[.)])[ \t\n]")

# Column 0 is not blank; and it can't become the marker of an item.
BEGINS = re.compile(r"[^ \t\n]")
BEGINS_NO_ITEM = re.compile(r"(?!(?:[-+*]|\d{1,9}[.)]?)(?:[ \t\n]|\Z))[^ \t\n]")


class Split(NamedTuple):
    """The result of a feed: the text of the blocks that closed, the new text of the open block, and the length of the
    first closed block.
    """

    closed: str
    added: str
    first: int = 0


class Splitter:
    """Cuts a text that comes in pieces; `fence` is the open fence."""

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
        """The last line, if we can't draw it before it ends: it can close a fence, open one, or underline a line."""
        mark = re.compile(f" {{0,3}}{self.fence.mark[0]}*[ \t]*") if self.fence else UNFINISHED
        return self._line if not self._is_known and mark.fullmatch(self._line) else ""

    def feed(self, text: str) -> Split:
        """Take the next piece of the text; it can be split anywhere."""
        text = self._return + text
        self._return = "\r" if text.endswith("\r") else ""  # waits: its line feed may come with the next piece
        text = input_limits.normalize(text.removesuffix("\r"))
        blocks = [block for part in LINE.findall(text) if (block := self._add(part))]
        return Split("".join(blocks), self.open, len(blocks[0])) if blocks else Split("", text)

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
            if not is_whole or not self.fence.closes(line):
                return ""
            self.fence = None
            return self._cut()
        if is_whole and (fence := FENCE.fullmatch(line)):
            self.fence, self._formula = Fence(fence[1], fence[2]), ""
        else:
            self._follow_formula(line)
        return ""

    def _follow_formula(self, line: str) -> None:
        """Note whether a formula that stands alone is open: it can hold blank lines."""
        start = 0
        if not self._formula and (opening := FORMULA.match(line)):
            start, self._room = opening.end(), formula_delimiters.LENGTH_LIMIT
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

    def _cut(self) -> str:
        closed = "".join(self._block)
        self._block.clear()
        self._has_list = False
        return closed
