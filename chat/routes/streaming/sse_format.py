"""The wire format of server-sent events as htmx reads them: partials, in events of any length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from markupsafe import Markup

CHUNK = 16 * 1024
"""How many characters of a long event to collect before sending them."""


def partial(target: str, swap: str, html: Markup) -> Markup:
    """Write a partial: HTML, and where and how to place it."""
    return Markup().join(partial_of(target, swap, [html]))


def partial_of(target: str, swap: str, pieces: Iterable[Markup]) -> Iterator[Markup]:
    """Write a partial whose HTML comes in pieces."""
    yield Markup('<hx-partial hx-target="{}" hx-swap="{}">').format(target, swap)
    yield from pieces
    yield Markup("</hx-partial>")


def long_event(pieces: Iterable[str]) -> Iterator[str]:
    """Write one event whose HTML comes in pieces, CHUNK characters at a time."""
    made = "data: "
    for piece in pieces:
        made += piece.replace("\r", "").replace("\n", "\ndata: ")
        if len(made) > CHUNK:
            yield made
            made = ""
    yield f"{made}\n\n"


def event(html: str) -> str:
    """Write an event with a data line for each line of HTML; a space follows the colon only if the line needs it."""
    lines = html.replace("\r", "").split("\n")
    return "".join(f"data:{' ' * line.startswith(' ')}{line}\n" for line in lines) + "\n"
