"""The form of what is streamed to htmx: partials in server-sent events, and those beside an answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from markupsafe import Markup, escape

from chat.routes.streaming.subscription import Subscription

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


class SidePartials:
    """What is told beside an answer while it grows: the provider's notice, and the mark of what was resumed."""

    def __init__(self, subscription: Subscription, mark: Markup):
        self._follower, self._mark = subscription.follower, mark
        self._scope = f"#reply-{subscription.reply_id}"
        self._told: tuple[str, bool] | None = None

    def changes(self) -> Iterator[Markup]:
        """Yield the partials for what has changed."""
        told = self._follower.notice, self._follower.attempts > 0
        if told != self._told:
            self._told = told
            yield partial(f"{self._scope}-notice", "innerHTML", escape(told[0]))
            yield partial(f"{self._scope}-resumed", "innerHTML", self._mark if told[1] else Markup())
