"""A text to safe HTML, step by step; whatever goes wrong, the text stays readable."""

from __future__ import annotations

import logging
import threading

from markupsafe import Markup, escape

from chat.server.greenlets import run_in_thread
from chat.server.logs import report

from . import directions, input_limits, markdown, marks, sanitizer
from .placeholders import Placeholders
from .time_budget import TimeBudget

VERSION = 5
"""Stored beside rendered HTML: what an older renderer made is made anew."""

SHORT = 8 * 1024
"""The longest text, in characters, that is rendered in place: with colours it takes less than 100 ms."""

DRAFT_LIMIT = 32 * 1024
"""The longest text, in characters, that is rendered while it grows; a longer one is shown as it is."""

AT_ONCE = threading.Lock()
"""Held while a longer one is rendered: it takes a processor from the greenlets, but never more than one."""

logger = logging.getLogger(__name__)


def render(text: str, scope: str) -> Markup:
    """Render a finished text; `scope`, like "m42", keeps its footnotes apart from others on the page. Never raises.

    Not within a transaction: a long text is rendered beside the greenlets.
    """
    return render_normalized(input_limits.normalize(text), scope)


def render_unfinished(text: str, scope: str) -> Markup:
    """Render a text that is still being written, in place: the quick way, and a long one not at all. Never raises."""
    text = input_limits.normalize(text)
    return render_draft(text, scope) if len(text) <= DRAFT_LIMIT else render_plain(text)


def render_normalized(text: str, scope: str) -> Markup:
    """Render a normalized text with all that belongs to it, a long one beside the greenlets. Never raises."""
    if len(text) <= SHORT:
        return render_safely(text, scope, TimeBudget())
    with AT_ONCE:
        return run_in_thread(lambda: render_safely(text, scope, TimeBudget()))


def render_draft(text: str, scope: str) -> Markup:
    """Render a normalized text the quick way, in place: code and formulas stay plain. Never raises."""
    return render_safely(text, scope, None)


def render_safely(text: str, scope: str, budget: TimeBudget | None) -> Markup:
    """Render a normalized text in place; one that can't be rendered is shown as it is. Never raises."""
    try:
        return mark_safe(safe_html(text, scope, budget))
    except input_limits.TooMuch:
        return render_plain(text)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic in comrak or nh3 is no Exception
        report(logger, f"the rendering of {len(text)} characters", error)
        return render_plain(text)


def safe_html(text: str, scope: str, budget: TimeBudget | None) -> str:
    """Render, sanitise, and put in what we make ourselves. Raises input_limits.TooMuch."""
    placeholders = Placeholders(scope, budget)
    extracted = placeholders.extract(markdown.html(text, is_growing=budget is None))
    return marks.unshield_html(placeholders.restore(directions.direct(sanitizer.clean(extracted))))


def mark_safe(html: str) -> Markup:
    """Mark HTML as safe that was rendered here, now or when it was stored: the one place that does."""
    return Markup(html)


def render_plain(text: str, state: str = "plain") -> Markup:
    """Show a text as it is; `state` holds the classes."""
    return mark_safe(f'<pre class="{state}">{escape(text)}</pre>')
