"""Formulas: LaTeX to MathML, which browsers draw without a script."""

from __future__ import annotations

import re

from latex2mathml.converter import convert
from markupsafe import escape

from .allowance import Allowance
from .sanitising import clean_mathml

LENGTH_LIMIT = 1_000

# The converter aligns these only under their outer names.
INNER = re.compile(r"\\(begin|end)\{(?:aligned|gathered)\}")

# The converter copies commands it doesn't know, backslash and all, and signs of HTML in text.
COPIED = re.compile(r"<mi>\\|<mtext>[^<]*<(?!/mtext>)")


def formula(source: str, display: bool, allowance: Allowance | None) -> str:
    """Draw a formula; where it is too long or wrong, or no time is left for it, show its source."""
    if not allowance or not allowance.is_left() or len(source) > LENGTH_LIMIT:
        return shown(source)
    try:
        return mathml(source, display)
    except Exception:  # the converter has an error for each fault, and RecursionError
        return shown(source)


def mathml(source: str, display: bool) -> str:
    """Convert a formula. Raises ValueError where it was not understood, and whatever the converter raises."""
    converted = convert(INNER.sub(r"\\\1{align*}", source), display="block" if display else "inline")
    if COPIED.search(converted):
        raise ValueError(source)
    drawn = clean_mathml(converted)
    # A wide one scrolls inside itself, which takes the focus for those who have no mouse.
    return drawn.replace('display="block"', 'display="block" tabindex="0"', 1) if display else drawn


def shown(source: str) -> str:
    """Show the source of a formula."""
    return f'<code class="math">{escape(source)}</code>'
