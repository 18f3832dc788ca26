"""Calculate the figures of a load: what its visitors saw, and what the server used for them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from bench.figures import percentiles
from bench.plan import Load
from bench.stamps import first_seen, latencies
from bench.texts import length
from bench.visitors import Turn

Log = dict[int, list[int]]
"""The provider's note of each request: when it arrived, and when its first token was written."""


class Outcome:
    """The turns of a finished load."""

    def __init__(self, load: Load, turns: Sequence[Turn], log: Log):
        self._load = load
        self._turns = turns
        self._log = log
        self._seen = [first_seen(turn.chunks) for turn in turns]

    def of_visitors(self) -> dict[str, float]:
        """Return what the visitors saw, in milliseconds. An answer that lacks a token or its end counts as failed."""
        late = [latency / 1000 for seen in self._seen for latency in latencies(seen)]
        return {
            "turns": self._load.streams * self._load.turns,
            "failed": self._load.streams * self._load.turns - self._whole,
            **percentiles("added_ms", self._added()),
            **percentiles("token_ms", late),
            "tokens_s": self._tokens / self._seconds if self._seconds else 0.0,
            "bytes_a_byte": self._bytes / (length(self._load.kind, self._load.tokens) * max(1, len(self._turns))),
        }

    def of_server(self, used: float) -> dict[str, float]:
        """Divide a server's CPU seconds by turns, and by tokens received."""
        if not used or not self._tokens:
            return {}
        return {"cpu_ms_a_turn": used * 1000 / len(self._turns), "cpu_s_a_thousand": used * 1000 / self._tokens}

    def _added(self) -> list[float]:
        """List the time that the app added before the first token: the visitor's wait minus the provider's."""
        return [
            (min(seen.values()) - turn.sent - (self._log[turn.id][1] - self._log[turn.id][0])) / 1000
            for turn, seen in zip(self._turns, self._seen, strict=True)
            if seen and len(self._log.get(turn.id, ())) == 2
        ]

    @property
    def _whole(self) -> int:
        pairs = zip(self._turns, self._seen, strict=True)
        return sum(turn.ended and len(seen) == self._load.tokens for turn, seen in pairs)

    @cached_property
    def _tokens(self) -> int:
        return sum(map(len, self._seen))

    @property
    def _seconds(self) -> float:
        last = max((max(seen.values()) for seen in self._seen if seen), default=0)
        return max(0, last - min((turn.sent for turn in self._turns), default=0)) / 1e6

    @property
    def _bytes(self) -> int:
        """Count the bytes of the answers' streams, HTTP framing included."""
        return sum(len(data) for turn in self._turns for _, data in turn.chunks[turn.begun :])
