"""The form of what is streamed to htmx: partials in server-sent events."""

from __future__ import annotations

from markupsafe import Markup


def part(target: str, swap: str, html: Markup) -> Markup:
    """Make a partial: HTML, where it goes, and how."""
    return Markup('<hx-partial hx-target="{}" hx-swap="{}">{}</hx-partial>').format(target, swap, html)


def event(html: str) -> str:
    """Make a server-sent event of a fragment; each of its lines is a data line of its own."""
    return "".join(map(data, html.replace("\r", "").split("\n"))) + "\n"


def data(line: str) -> str:
    """Make a data line; the space after the colon is left out where it isn't needed."""
    return f"data: {line}\n" if line.startswith(" ") else f"data:{line}\n"
