"""Formulas: LaTeX to MathML, which browsers draw without a script. The source stands beside it, to be copied."""

from __future__ import annotations

import html
import re

from markupsafe import escape
from math_core import LatexError, LatexToMathML

from .latex import count_letters, letters_of, rewrite
from .mathml import fit, text_of
from .sanitizer import clean_mathml
from .time_budget import TimeBudget

LENGTH_LIMIT = 1_000

DEEPEST = 40
"""How many braces, environments and growing brackets can be open at once: the converter and browsers recurse."""

CHAIN = re.compile(r"(?:\\[a-zA-Z]+\s*){40}")
"""Commands in a row: each can be the argument of the one before, so they nest like braces."""

OPENING = re.compile(r"\\\\|\\[{}]|\\left(?![a-z])|\\right(?![a-z])|\\begin|\\end|[{}]")
STEPS = {"{": 1, "}": -1, "\\left": 1, "\\right": -1, "\\begin": 1, "\\end": -1}

DEFINING = re.compile(r"\\(?:[gex]?def|let|global|(?:new|renew|provide)command|DeclareMathOperator)(?![a-zA-Z])")
"""Macros expand to any depth and length: we show the source of a formula that defines some."""

CONVERTER = LatexToMathML(fancy_error=False, allow_unreliable_rendering=True)


def draw(source: str, display: bool, budget: TimeBudget | None) -> str:
    """Draw a formula; if it is too long or wrong, or no time is left, show its source."""
    if not budget or not budget.is_left() or len(source) > LENGTH_LIMIT:
        return show_source(source)
    try:
        return mathml(source, display)
    except (LatexError, ValueError):
        return show_source(source)


def mathml(source: str, display: bool) -> str:
    """Convert a formula to MathML. Raises LatexError for wrong LaTeX, and ValueError if the drawing lacks a letter."""
    if not source.strip() or depth(source) > DEEPEST or CHAIN.search(source) or DEFINING.search(source):
        raise ValueError(source)
    converted = CONVERTER.convert_with_local_state(rewrite(source), displaystyle=display)
    content = clean_mathml(fit(converted)).partition(">")[2].removesuffix("</math>")
    if letters_of(source) - count_letters(html.unescape(text_of(content))):
        raise ValueError(source)
    return wrap(content, source, display)


def depth(source: str) -> int:
    """Return the highest number of braces, environments and brackets that are open at once."""
    now = deepest = 0
    for sign in OPENING.findall(source):
        now += STEPS.get(sign, 0)
        deepest = max(deepest, now)
    return deepest


def wrap(content: str, source: str, display: bool) -> str:
    """Put a drawing and its source into one element. A display scrolls, so the keyboard can focus it."""
    annotation = f'<annotation encoding="application/x-tex">{escape(source)}</annotation>'
    drawn = f'translate="no"><semantics><mrow>{content}</mrow>{annotation}</semantics></math>'
    if not display:
        return f'<math display="inline" {drawn}'
    # Firefox scrolls no math element.
    return f'<span class="formula formula--display" tabindex="0"><math display="block" {drawn}</span>'


def show_source(source: str) -> str:
    return f'<code class="math" translate="no">{escape(source)}</code>'
