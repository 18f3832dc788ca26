"""How much is asked of a server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Load:
    """How many answers of how many tokens at how many a second, begun over so many seconds; a rate of 0 is any."""

    streams: int
    tokens: int
    rate: float
    over: float = 0.0
    turns: int = 1
    kind: str = "prose"

    def quick(self) -> Load:
        """Give the same in small."""
        streams, tokens = min(self.streams, 4), min(self.tokens, 12)
        return Load(streams, tokens, self.rate, min(self.over, 0.2), min(self.turns, 3), self.kind)

    def text(self, number: int) -> str:
        """Write the message that asks for such an answer."""
        return f"bench id={number} tokens={self.tokens} rate={self.rate:g} kind={self.kind}"

    @property
    def seconds(self) -> float:
        """Tell how long it takes at least."""
        return self.over + self.turns * (self.tokens / self.rate if self.rate else 1.0)
