"""Protect the headings of a Markdown export: no line of a message looks like one, and no message swallows the next.

Each message still renders the same: up to three spaces before a heading mean nothing, and a fence removes its own
indentation from its lines (CommonMark 4.2, 4.5).
"""

from __future__ import annotations

import re

from chat.rendering.markdown import swallows

HEADING = re.compile(r"##?(?=[ \t]|\Z)")
FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*\Z)|~{3,})")

OPEN_HTML = re.compile(r"^ {0,3}<(?:[!?]|pre|script|style|textarea)", re.IGNORECASE | re.MULTILINE)
"""HTML that continues over empty lines (CommonMark 4.6)."""

HTML_ENDS = ("-->", "?>", "]]>", ">", "</pre>")


def escape_headings(text: str) -> str:
    """Indent lines that look like our headings, and close an open block at the end."""
    lines: list[str] = []
    block: list[str] = []
    mark = ""
    for line in text.split("\n"):
        if mark and closes(line, mark):
            lines += [*shift_block(block), line]
            block, mark = [], ""
        elif mark:
            block.append(line)
        elif opening := FENCE.match(line):
            block, mark = [line], opening[1]
        else:
            lines.append(indent_heading(line))
    return close_block("\n".join([*lines, *shift_block(block)]), mark)


def closes(line: str, mark: str) -> bool:
    found = line.strip(" \t")
    return found.startswith(mark) and not found.strip(mark[0]) and not line.startswith("    ")


def indent_heading(line: str) -> str:
    return f" {line}" if HEADING.match(line) else line


def shift_block(block: list[str]) -> list[str]:
    """Move a fence one space to the right if a line in it looks like our headings."""
    if not any(map(HEADING.match, block)):
        return block
    if block[0].startswith(" "):
        return [indent_heading(line) for line in block]
    return [f" {line}" if line else line for line in block]


def close_block(text: str, mark: str) -> str:
    """Close a fence, or HTML, that would swallow the next message."""
    may_go_on = mark or ("<" in text and OPEN_HTML.search(text))
    if not may_go_on or not swallows(text):
        return text
    ends = [mark] if mark else HTML_ENDS
    return next((whole for end in ends if not swallows(whole := f"{text}\n{end}")), text)
