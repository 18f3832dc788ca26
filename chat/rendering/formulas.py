"""Formulas: LaTeX to MathML, which browsers draw without a script. Its source is beside it, for those who copy it."""

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
"""How many braces, environments and growing brackets may be open at once: the converter and browsers recurse."""

CHAIN = re.compile(r"(?:\\[a-zA-Z]+\s*){40}")
"""Commands in a row each of which may be the next one's argument, and so as deep as braces."""

OPENING = re.compile(r"\\\\|\\[{}]|\\left(?![a-z])|\\right(?![a-z])|\\begin|\\end|[{}]")
STEPS = {"{": 1, "}": -1, "\\left": 1, "\\right": -1, "\\begin": 1, "\\end": -1}

DEFINING = re.compile(r"\\(?:[gex]?def|let|global|(?:new|renew|provide)command|DeclareMathOperator)(?![a-zA-Z])")
"""Macros unfold to any depth and length: a formula that defines some is shown as its source."""

CONVERTER = LatexToMathML(fancy_error=False, allow_unreliable_rendering=True)


def draw(source: str, display: bool, budget: TimeBudget | None) -> str:
    """Draw a formula; where it is too long or wrong, or no time is left for it, show its source."""
    if not budget or not budget.is_left() or len(source) > LENGTH_LIMIT:
        return show_source(source)
    try:
        return mathml(source, display)
    except (LatexError, ValueError):
        return show_source(source)


def mathml(source: str, display: bool) -> str:
    """Convert a formula. Raises LatexError where it isn't understood, ValueError where the drawing would lack some."""
    if not source.strip() or depth(source) > DEEPEST or CHAIN.search(source) or DEFINING.search(source):
        raise ValueError(source)
    converted = CONVERTER.convert_with_local_state(rewrite(source), displaystyle=display)
    content = clean_mathml(fit(converted)).partition(">")[2].removesuffix("</math>")
    if letters_of(source) - count_letters(html.unescape(text_of(content))):
        raise ValueError(source)
    return wrap(content, source, display)


def depth(source: str) -> int:
    """Tell how many braces, environments and brackets are open at once, at most."""
    now = deepest = 0
    for sign in OPENING.findall(source):
        now += STEPS.get(sign, 0)
        deepest = max(deepest, now)
    return deepest


def wrap(content: str, source: str, display: bool) -> str:
    """Put a drawing and its source into one element; a display scrolls, so those without a mouse can focus it."""
    annotation = f'<annotation encoding="application/x-tex">{escape(source)}</annotation>'
    drawn = f'translate="no"><semantics><mrow>{content}</mrow>{annotation}</semantics></math>'
    if not display:
        return f'<math display="inline" {drawn}'
    # Firefox scrolls no math element.
    return f'<span class="formula formula--display" tabindex="0"><math display="block" {drawn}</span>'


def show_source(source: str) -> str:
    """Show the source of a formula that isn't drawn, as code."""
    return f'<code class="math" translate="no">{escape(source)}</code>'
