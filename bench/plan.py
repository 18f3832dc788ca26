"""Describe how much a load asks of a server."""

from __future__ import annotations

from dataclasses import dataclass, replace

QUICK = {"streams": 4, "tokens": 12, "over": 0.2, "turns": 3}
"""The most of each in a quick run, which only shows that all works."""


@dataclass(frozen=True)
class Load:
    """How many answers, of how many tokens, at how many a second, begin within how many seconds; rate 0 is unlimited.

    A browser keeps its connection and so its worker. With `routed` each request has its own connection, as behind a
    router. Then another worker than the writing one serves most streams.
    """

    streams: int
    tokens: int
    rate: float
    over: float = 0.0
    turns: int = 1
    kind: str = "prose"
    routed: bool = False

    def quick(self) -> Load:
        """Return a small copy of this load."""
        less = {name: min(getattr(self, name), most) for name, most in QUICK.items()}
        return replace(self, **less)

    def text(self, number: int) -> str:
        """Write the message that asks for such an answer."""
        return f"bench id={number} tokens={self.tokens} rate={self.rate:g} kind={self.kind}"

    @property
    def seconds(self) -> float:
        """Return the least time it can take."""
        return self.over + self.turns * (self.tokens / self.rate if self.rate else 1.0)
