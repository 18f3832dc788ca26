"""The direction of a block that holds letters written from right to left: that of most of its letters.

Browsers go by the first letter (`dir="auto"`), which is right for all other blocks. A table goes by its head, because
its rows come later. That bullets stand on one side is a matter of the style sheet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

RTL = re.compile("[\u0590-\u08ff\ufb1d-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
LETTER = re.compile(r"[^\W\d_]")
TAG = re.compile(r"<(/?)(p|h[1-6]|blockquote|div|ol|ul|li|table|thead|td|th)\b([^>]*)>")

# What has no direction of its own: code, addresses, and the tokens of what is held out.
NEUTRAL = re.compile(r"<code>.*?</code>|<[^>]*>|https?://[^\s<]+|[0-9a-f]{16}-\d+-")


@dataclass
class Block:
    """A block: where its start tag stands among the parts, and its letters so far."""

    name: str
    place: int
    rtl: int = 0
    others: int = 0
    first: str = ""
    is_counted: bool = True

    def count(self, rtl: int, others: int, first: str) -> None:
        """Add letters."""
        if self.is_counted:
            self.rtl, self.others, self.first = self.rtl + rtl, self.others + others, self.first or first

    @property
    def direction(self) -> str:
        """Give the direction of most letters; "" where browsers find it themselves."""
        if not self.rtl:
            return ""
        return "rtl" if self.rtl > self.others else "ltr"


def directed(html: str) -> str:
    """Give a direction to the blocks of sanitised HTML that hold letters written from right to left."""
    return html if html.isascii() or not RTL.search(html) else "".join(parts(html))


def parts(html: str) -> list[str]:
    """Split HTML at its blocks, and direct them."""
    found: list[str] = []
    blocks: list[Block] = []
    end = 0
    for tag in TAG.finditer(html):
        count(blocks, text := html[end : tag.start()])
        found += [text, tag[0]]
        end = tag.end()
        if not tag[1]:
            blocks.append(Block(tag[2], len(found) - 1))
        elif blocks:
            close(blocks, found)
    return [*found, html[end:]]


def count(blocks: list[Block], text: str) -> None:
    """Count the letters of a text for the blocks that it stands in; of the items of lists, for the innermost."""
    words = NEUTRAL.sub("", text)
    if not words or words.isspace():
        return
    letters, is_in_item = "".join(LETTER.findall(words)), False
    rtl = len(RTL.findall(letters))
    first = "" if not letters else "rtl" if RTL.match(letters) else "ltr"
    for block in reversed(blocks):
        if block.name != "li" or not is_in_item:
            block.count(rtl, len(letters) - rtl, first)
        is_in_item = is_in_item or block.name == "li"


def close(blocks: list[Block], found: list[str]) -> None:
    """Direct the block that ends; a head settles its table."""
    block = blocks.pop()
    if block.name == "thead" and blocks:
        blocks[-1].is_counted = False
    found[block.place] = tag(block, found[block.place])


def tag(block: Block, start: str) -> str:
    """Give a start tag its direction, if it needs one."""
    direction = block.direction
    if 'dir="auto"' in start and direction:
        return start.replace('dir="auto"', f'dir="{direction}"')
    is_needed = direction == "rtl" if block.name == "div" else direction and direction != block.first
    return f'{start[:-1]} dir="{direction}">' if is_needed and block.name != "thead" else start
