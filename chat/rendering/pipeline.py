"""A text to safe HTML, step by step; whatever goes wrong, the text stays readable."""

from __future__ import annotations

import logging

from markupsafe import Markup, escape

from chat.reporting import report

from . import directions, guards, markdown, marks, sanitising
from .allowance import Allowance
from .inserts import Inserts

VERSION = 3
"""Stored beside rendered HTML: what an older renderer made is made anew."""

logger = logging.getLogger(__name__)


def whole(text: str, scope: str) -> Markup:
    """Render a finished text; `scope`, like "m42", keeps its footnotes apart from others on the page. Never raises."""
    return rendered(guards.cleaned(text), scope, Allowance())


def rendered(text: str, scope: str, allowance: Allowance | None = None) -> Markup:
    """Render a cleaned text, without an allowance the quick way: code and formulas stay plain. Never raises."""
    try:
        return kept(safe_html(text, scope, allowance))
    except guards.TooMuch:
        return plain(text)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic in comrak or nh3 is no Exception
        report(logger, f"the rendering of {len(text)} characters", error)
        return plain(text)


def safe_html(text: str, scope: str, allowance: Allowance | None) -> str:
    """Render, sanitise, and put in what we make ourselves. Raises guards.TooMuch."""
    inserts = Inserts(scope, allowance)
    held = inserts.hold_out(markdown.html(text, is_growing=allowance is None))
    return marks.drawn(inserts.put_in(directions.directed(sanitising.clean(held))))


def kept(html: str) -> Markup:
    """Mark HTML as safe that was rendered here, now or when it was stored: the one place that does."""
    return Markup(html)


def plain(text: str, state: str = "plain") -> Markup:
    """Show a text as it is; `state` holds the classes."""
    return kept(f'<pre class="{state}">{escape(text)}</pre>')
