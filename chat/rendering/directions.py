"""The direction of a block with right-to-left letters: the direction of most of its letters.

With `dir="auto"` browsers go by the first letter outside of inner blocks that have a `dir`. So only a block that they
would get wrong names its direction. A table goes by its head, because its rows come later.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

RTL = re.compile("[\u0590-\u08ff\ufb1d-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
LETTER = re.compile(r"[^\W\d_]")
TAG = re.compile(r"<(/?)(p|h[1-6]|blockquote|div|ol|ul|li|table|thead|td|th)\b([^>]*)>")

# What has no direction of its own: code, addresses, and placeholders.
NEUTRAL = re.compile(r"<code[^>]*>.*?</code>|https?://[^\s<]+")
MARKUP = re.compile(r"<[^>]*>|[0-9a-f]{16}-\d+-")


@dataclass
class Block:
    """A block: the place of its start tag among the parts, and its letters so far.

    `first` is the direction of the letter that a browser goes by; `first_at` is that letter's place.
    """

    name: str
    place: int
    is_directed: bool
    rtl: int = 0
    others: int = 0
    first: str = ""
    first_at: int = 0
    is_counted: bool = True

    def count(self, rtl: int, others: int, first: str, place: int) -> None:
        """Add to the letters counted; `first` is the direction of the first new one, "" for none."""
        if not self.is_counted:
            return
        self.rtl, self.others = self.rtl + rtl, self.others + others
        if first and not self.first:
            self.first, self.first_at = first, place

    @property
    def direction(self) -> str:
        """The direction of most letters; "" if a browser finds it."""
        direction = "rtl" if self.rtl > self.others else "ltr"
        return direction if self.rtl and direction != (self.first or "ltr") else ""


def direct(html: str) -> str:
    """Set the direction of the blocks of sanitised HTML that hold right-to-left letters."""
    if html.isascii() or not RTL.search(html):
        return html
    found: list[str] = []
    blocks: list[Block] = []
    end = 0
    for tag in TAG.finditer(html):
        count(blocks, text := html[end : tag.start()], len(found))
        found += [text, tag[0]]
        end = tag.end()
        if not tag[1]:
            blocks.append(Block(tag[2], len(found) - 1, "dir=" in tag[3]))
        elif blocks:
            close(blocks, found)
    return "".join([*found, html[end:]])


def count(blocks: list[Block], text: str, place: int) -> None:
    """Count the letters of a text for each block around it; of list items only for the innermost."""
    letter = LETTER.search(MARKUP.sub("", text))
    if not letter:
        return
    letters = "".join(LETTER.findall(MARKUP.sub("", NEUTRAL.sub("", text))))
    rtl, first, is_in_item = len(RTL.findall(letters)), "rtl" if RTL.match(letter[0]) else "ltr", False
    for block in reversed(blocks):
        if block.name != "li" or not is_in_item:
            block.count(rtl, len(letters) - rtl, first, place)
        is_in_item = is_in_item or block.name == "li"
        first = "" if block.is_directed else first


def close(blocks: list[Block], found: list[str]) -> None:
    """Set the direction of the block that ends; a head decides for its table."""
    block = blocks.pop()
    if block.name == "thead" and blocks:
        blocks[-1].is_counted = False
    elif block.direction:
        start = found[block.place].replace(' dir="auto"', "")
        found[block.place] = f'{start[:-1]} dir="{block.direction}">'
        for outer in blocks:  # browsers now skip this block
            outer.first = "" if outer.first_at > block.place else outer.first
