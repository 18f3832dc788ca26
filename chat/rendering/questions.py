"""A person's message: only its fences are drawn as code, and the rest is text as it was typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from markupsafe import Markup, escape

from . import fences, highlighter
from .pipeline import mark_safe

ROW = r"(?:[^\n]{0,60}\n?)"
"""What fits on a line of the page; a longer line takes several."""

LIMIT, BEGINNING = re.compile(ROW + "{12}"), re.compile(ROW + "{8}")
"""What is shown whole, and the beginning of a longer message."""

MOST = 200
"""How many fences of a message are drawn."""

SENTENCE = re.compile(r"^.*\w.*$", re.MULTILINE)
SPAN = 320
"""How many characters of a line can become a title."""

MARKS = (
    (re.compile(r"^(?:(?:#{1,6}|[>*+-]) )+"), ""),
    (re.compile(r"!?\[([^\]]*)\]\([^)]*\)"), r"\1"),
    (re.compile(r"(?<!\w)(\*{1,3}+|~~|`++)(?=\S)(.+?)(?<=\S)\1(?!\w)"), r"\2"),
)


def render_question(text: str) -> Markup:
    """Draw the fences of a message as code, and escape the rest; its line breaks are up to the style sheet."""
    return mark_safe("".join(draw(text)))


def draw(text: str) -> Iterator[str]:
    for prose, code, label in split(text):
        yield str(escape(prose.strip("\n")))
        if code is not None:
            yield highlighter.figure(code, label)


def beginning_of(text: str) -> str:
    """Return the first lines of a message that is too long to be shown whole, "" if it is short."""
    text = text.strip("\n")
    limit, beginning = LIMIT.match(text), BEGINNING.match(text)
    return beginning[0] if limit and beginning and limit.end() < len(text) else ""


def first_line(text: str) -> str:
    """Return the first line with a word, without Markdown's marks: of the prose if it has one, or of the code."""
    pieces = list(split(text))
    lines = "\n".join([prose for prose, _, _ in pieces] + [code or "" for _, code, _ in pieces] + [text.strip()])
    found = SENTENCE.search(lines)
    line = " ".join((found[0] if found else text.strip())[:SPAN].split())
    for mark, inside in MARKS:
        line = mark.sub(inside, line)
    return line


def split(text: str) -> Iterator[tuple[str, str | None, str]]:
    """Split a text into prose, the code behind it, None at the end, and its label. A fence in a quotation is prose."""
    start = 0
    for fence, opening, end, is_closed in islice(fences.find(text), MOST):
        if fence.before.strip():
            continue
        lines = text[opening:end].partition("\n")[2]
        yield text[start:opening], lines[: lines.rstrip("\n").rfind("\n") + 1] if is_closed else lines, fence.label
        start = end
    yield text[start:], None, ""
