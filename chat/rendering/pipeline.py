"""Text to safe HTML, step by step. If a step fails, the page shows the text as plain text."""

from __future__ import annotations

import logging
import threading

from markupsafe import Markup, escape

from chat.server.greenlets import run_in_thread
from chat.server.logs import report

from . import directions, markdown, sanitizer, shields
from .input_limits import TooMuch, normalize
from .placeholders import Placeholders
from .time_budget import TimeBudget

VERSION = 7
"""Stored with rendered HTML: HTML of an older version is rendered again."""

SHORT = 8 * 1024
"""The longest text, in characters, that is rendered in place: with colours it takes less than 100 ms."""

DRAFT_LIMIT = 32 * 1024
"""The longest text, in characters, that is rendered while it grows; a longer one is shown as plain text."""

AT_ONCE = threading.Lock()
"""Held while a long text is rendered: this takes a processor from the greenlets, but never more than one."""

logger = logging.getLogger(__name__)


def render(text: str, scope: str) -> Markup:
    """Render a finished text; `scope`, like "m42", separates its footnotes from others on the page. Never raises.

    Don't call it in a transaction: it renders a long text in a thread, beside the greenlets.
    """
    return render_normalized(normalize(text), scope)


def render_normalized(text: str, scope: str) -> Markup:
    """Render a normalized text with colours and formulas, like `render`."""
    if len(text) <= SHORT:
        return render_in_place(text, scope, TimeBudget())
    with AT_ONCE:
        return run_in_thread(lambda: render_in_place(text, scope, TimeBudget()))


def render_unfinished(text: str, scope: str) -> Markup:
    """Render a text that a model is still writing: a long one as plain text. Never raises."""
    text = normalize(text)
    return render_in_place(text, scope) if len(text) <= DRAFT_LIMIT else render_plain(text)


def render_in_place(text: str, scope: str, budget: TimeBudget | None = None) -> Markup:
    """Render a normalized text in this thread; without a budget code and formulas stay plain. Never raises."""
    try:
        placeholders = Placeholders(scope, budget)
        extracted = placeholders.extract(markdown.to_html(text, is_growing=budget is None))
        restored = placeholders.restore(directions.direct(sanitizer.clean(extracted)))
        return mark_safe(shields.unshield_html(restored))
    except TooMuch:
        return render_plain(text)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic in comrak or nh3 is no Exception
        report(logger, f"the rendering of {len(text)} characters", error)
        return render_plain(text)


def mark_safe(html: str) -> Markup:
    """Mark HTML as safe that this room rendered, now or before it was stored. Nothing else marks HTML as safe."""
    return Markup(html)


def render_plain(text: str) -> Markup:
    return mark_safe(f'<pre class="plain">{escape(text)}</pre>')
