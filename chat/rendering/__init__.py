"""Markdown to safe HTML; the only room that marks a model's text as safe. streaming/ does the same while a text grows.

input_limits   what is refused or made harmless before it is rendered
dialect        what models write otherwise than CommonMark reads it, put so that both mean the same; its parts are
               scanner (signs), delimiters (what is a formula), fences, table_rows and definitions
marks          noncharacters that stand for signs while Markdown is read
markdown       Markdown to HTML, which nobody trusts yet
links          where links and images lead
tags           the tags of HTML that are drawn
placeholders   what we make ourselves (code, formulas, footnotes) is taken out while the rest is sanitised; its parts
               are highlighter and formulas, which uses latex and mathml
time_budget    how long colours and formulas may take
sanitizer      the allow-lists
directions     blocks that are read from right to left
pipeline       these, in order
"""

from .pipeline import VERSION, mark_safe, render, render_plain, render_unfinished
from .streaming.blocks import Blocks
from .streaming.incremental import IncrementalRenderer
from .streaming.overflow import BoundedRenderer
from .streaming.units import digest

__all__ = [
    "VERSION",
    "Blocks",
    "BoundedRenderer",
    "IncrementalRenderer",
    "digest",
    "mark_safe",
    "render",
    "render_plain",
    "render_unfinished",
]
