"""Markdown to safe HTML, whole and while it streams; the only place that marks a model's text as safe.

guards         what is refused or made harmless before it is rendered
dialect        what models write otherwise than CommonMark reads it, put so that both mean the same; its parts
               are scanning (signs), delimiters (what is a formula), fences, tables, definitions and marks
markdown       Markdown to HTML, which nobody trusts yet
tags           the tags of HTML that are drawn
inserts        what we make ourselves: code, formulas, footnotes; held out while the rest is sanitised
sanitising     the allow-list
directions     blocks that are read from right to left
pipeline       these, in order
cutting        where a growing text can be cut into blocks
blocks         those blocks, each rendered once
frames         lists and tables whose items and rows are rendered apart
units          an answer that grows, cut into blocks, items and rows
patching       HTML in the messages that let a page's HTML grow
signs          what may still become of a text
growing        when each of these messages is due
overlong       what becomes too long for all that
"""

from .pipeline import VERSION, kept, plain, unfinished, whole
from .streaming.blocks import Blocks
from .streaming.incremental import Growing
from .streaming.overflow import Bounded
from .streaming.units import digest

__all__ = ["VERSION", "Blocks", "Bounded", "Growing", "digest", "kept", "plain", "unfinished", "whole"]
