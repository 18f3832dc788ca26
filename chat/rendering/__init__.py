"""Markdown to safe HTML; the only room that marks a text as safe. streaming/ does so while a text grows.

pipeline       the steps in their order
input_limits   limits on the length, nesting and cost of a text
dialect        translates what CommonMark would misread. Its parts: scanner (emphasis, formulas, tags, addresses),
               formula_delimiters (what is a formula), fences, table_rows and reference_definitions
shields        noncharacters that protect signs while Markdown is parsed
markdown       Markdown to HTML, not yet sanitised
placeholders   takes our own HTML (code, formulas, footnotes) out while the rest is sanitised. Its parts: links,
               tags (the HTML that a model can use), highlighter, and formulas, which uses latex and mathml
time_budget    how long colours and formulas can take
sanitizer      the allow-lists
directions     blocks that are read from right to left
questions      what a person wrote: plain text, with its fences as code
"""

from .pipeline import VERSION, mark_safe, render, render_plain, render_unfinished
from .questions import beginning_of, first_line, render_question
from .streaming.blocks import Blocks
from .streaming.incremental import IncrementalRenderer
from .streaming.overflow import BoundedRenderer
from .streaming.units import digest

__all__ = [
    "VERSION",
    "Blocks",
    "BoundedRenderer",
    "IncrementalRenderer",
    "beginning_of",
    "digest",
    "first_line",
    "mark_safe",
    "render",
    "render_plain",
    "render_question",
    "render_unfinished",
]
