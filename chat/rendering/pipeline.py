"""A text to safe HTML, step by step; whatever goes wrong, the text stays readable."""

from __future__ import annotations

import logging
import threading

from markupsafe import Markup, escape

from chat.server.greenlets import aside
from chat.server.logs import report

from . import directions, input_limits, markdown, marks, sanitizer
from .placeholders import Inserts
from .time_budget import Allowance

VERSION = 5
"""Stored beside rendered HTML: what an older renderer made is made anew."""

SHORT = 8 * 1024
"""The longest text, in characters, that is rendered in place: with colours it takes less than 100 ms."""

DRAFT_LIMIT = 32 * 1024
"""The longest text, in characters, that is rendered while it grows; a longer one is shown as it is."""

AT_ONCE = threading.Lock()
"""Held while a longer one is rendered: it takes a processor from the greenlets, but never more than one."""

logger = logging.getLogger(__name__)


def whole(text: str, scope: str) -> Markup:
    """Render a finished text; `scope`, like "m42", keeps its footnotes apart from others on the page. Never raises.

    Not within a transaction: a long text is rendered beside the greenlets.
    """
    return rendered(input_limits.cleaned(text), scope)


def unfinished(text: str, scope: str) -> Markup:
    """Render a text that is still being written, in place: the quick way, and a long one not at all. Never raises."""
    text = input_limits.cleaned(text)
    return draft(text, scope) if len(text) <= DRAFT_LIMIT else plain(text)


def rendered(text: str, scope: str) -> Markup:
    """Render a cleaned text with all that belongs to it, a long one beside the greenlets. Never raises."""
    if len(text) <= SHORT:
        return readable(text, scope, Allowance())
    with AT_ONCE:
        return aside(lambda: readable(text, scope, Allowance()))


def draft(text: str, scope: str) -> Markup:
    """Render a cleaned text the quick way, in place: code and formulas stay plain. Never raises."""
    return readable(text, scope, None)


def readable(text: str, scope: str, allowance: Allowance | None) -> Markup:
    """Render a cleaned text in place; one that can't be rendered is shown as it is. Never raises."""
    try:
        return kept(safe_html(text, scope, allowance))
    except input_limits.TooMuch:
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
    return marks.drawn(inserts.put_in(directions.directed(sanitizer.clean(held))))


def mark_safe(html: str) -> Markup:
    """Mark HTML as safe that was rendered here, now or when it was stored: the one place that does."""
    return Markup(html)


kept = mark_safe


def plain(text: str, state: str = "plain") -> Markup:
    """Show a text as it is; `state` holds the classes."""
    return kept(f'<pre class="{state}">{escape(text)}</pre>')
