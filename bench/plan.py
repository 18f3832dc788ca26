"""How much is asked of a server."""

from __future__ import annotations

from dataclasses import dataclass, replace

QUICK = {"streams": 4, "tokens": 12, "over": 0.2, "turns": 3}
"""The most of each where it is only to be seen that all works."""


@dataclass(frozen=True)
class Load:
    """How many answers of how many tokens at how many a second, begun over so many seconds; a rate of 0 is any.

    A browser keeps its connection, and thereby its worker. With `routed` each request is a connection of its own, as a
    router makes them: most answers are then watched in another worker than the one that writes them.
    """

    streams: int
    tokens: int
    rate: float
    over: float = 0.0
    turns: int = 1
    kind: str = "prose"
    routed: bool = False

    def quick(self) -> Load:
        """Give the same in small."""
        less = {name: min(getattr(self, name), most) for name, most in QUICK.items()}
        return replace(self, **less)

    def text(self, number: int) -> str:
        """Write the message that asks for such an answer."""
        return f"bench id={number} tokens={self.tokens} rate={self.rate:g} kind={self.kind}"

    @property
    def seconds(self) -> float:
        """Tell how long it takes at least."""
        return self.over + self.turns * (self.tokens / self.rate if self.rate else 1.0)
