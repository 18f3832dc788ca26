"""The form of server-sent events that htmx reads: partials, in events of any length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from markupsafe import Markup

AT_ONCE = 16 * 1024
"""How much of a long event, in characters, is made before it is sent."""


def partial(target: str, swap: str, html: Markup) -> Markup:
    """Make a partial: HTML, where it goes, and how."""
    return Markup().join(partial_of(target, swap, [html]))


def partial_of(target: str, swap: str, pieces: Iterable[Markup]) -> Iterator[Markup]:
    """Make a partial of HTML that comes in pieces."""
    yield Markup('<hx-partial hx-target="{}" hx-swap="{}">').format(target, swap)
    yield from pieces
    yield Markup("</hx-partial>")


def long_event(pieces: Iterable[str]) -> Iterator[str]:
    """Make one server-sent event of a fragment that comes in pieces, some of it at a time."""
    made = "data: "
    for piece in pieces:
        made += piece.replace("\r", "").replace("\n", "\ndata: ")
        if len(made) > AT_ONCE:
            yield made
            made = ""
    yield f"{made}\n\n"


def event(html: str) -> str:
    """Make a server-sent event of a fragment; each of its lines is a data line of its own."""
    return "".join(map(data, html.replace("\r", "").split("\n"))) + "\n"


def data(line: str) -> str:
    """Make a data line; the space after the colon is left out where it isn't needed."""
    return f"data: {line}\n" if line.startswith(" ") else f"data:{line}\n"
