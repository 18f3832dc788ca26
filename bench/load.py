"""A load: some visitors who begin within some seconds, and what is measured of them.

The client keeps what comes and reads it after the run, so that it is no part of what it measures.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import random
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from bench.figures import percentiles
from bench.servers import Server
from bench.stamps import first_seen, latencies
from bench.texts import length
from bench.visitors import OfFloor, OfRivulet, OfUpstream, Turn, Visitor
from bench.wire import Lost

VISITORS: dict[str, type[Visitor]] = {"direct": OfUpstream, "floor": OfFloor, "ours": OfRivulet}

PATIENCE = 90.0
"""How much longer than it has to a load may take, in seconds."""

AT_A_TIME = 20
"""How many pages are opened at once before the clock starts."""


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


def measured(load: Load, app: str, upstream: str, server: Server | None = None) -> dict[str, float]:
    """Put a load on an app and give the figures; without a server it goes to the provider itself."""
    port = server.port if server else int(upstream.split(":")[2].split("/")[0])
    visitors = [VISITORS[app](port) for _ in range(load.streams)]
    log_of(upstream)
    with ExitStack() as stack:
        peak = stack.enter_context(server.peak()) if server else None
        used, turns = asyncio.run(driven(load, visitors, server))
    figures = figures_of(load, turns, log_of(upstream))
    return figures | (of_server(load, used, turns) | peak.figures if peak else {})


async def driven(load: Load, visitors: Sequence[Visitor], server: Server | None) -> tuple[float, list[Turn]]:
    """Let all visitors come; gives the CPU seconds that the server used for them, pages opened before not counted."""
    numbers, turns = itertools.count(1), []
    for some in batches(visitors):
        await asyncio.gather(*(visitor.prepare() for visitor in some))
    before = server.cpu_seconds() if server else 0.0
    with undisturbed():
        begins = beginnings(load)
        tasks = [asyncio.create_task(visit(load, *pair, numbers, turns)) for pair in zip(visitors, begins, strict=True)]
        await asyncio.wait(tasks, timeout=load.seconds + PATIENCE)
    used = server.cpu_seconds() - before if server else 0.0
    for task in tasks:
        task.cancel()
    return used, turns


def batches(visitors: Sequence[Visitor]) -> Iterator[Sequence[Visitor]]:
    """Cut a list into parts of AT_A_TIME."""
    return (visitors[start : start + AT_A_TIME] for start in range(0, len(visitors), AT_A_TIME))


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep the collector of garbage from stopping the client in the middle."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def beginnings(load: Load) -> list[float]:
    """Choose when each visitor sends, in seconds: at random, as people do, but the same each time."""
    chance = random.Random(load.streams)
    return sorted(chance.uniform(0, load.over) for _ in range(load.streams))


async def visit(load: Load, visitor: Visitor, begin: float, numbers: Iterator[int], turns: list[Turn]) -> None:
    """Come at a time, and have some turns."""
    await asyncio.sleep(begin)
    for _ in range(load.turns):
        turn = Turn(next(numbers))
        turns.append(turn)
        with suppress(Lost, OSError):
            await visitor.turn(turn, load.text(turn.id))
    visitor.leave()


def log_of(upstream: str) -> dict[int, list[int]]:
    """Fetch what the provider noted of each request: when it came and when its first token was written."""
    with urllib.request.urlopen(upstream.removesuffix("/v1") + "/log") as response:
        return {int(name): moments for name, moments in json.load(response).items()}


def figures_of(load: Load, turns: Sequence[Turn], log: dict[int, list[int]]) -> dict[str, float]:
    """Work out what the visitors saw; times in milliseconds."""
    seen = [first_seen(turn.chunks) for turn in turns]
    whole = [turn.ended and len(stamps) == load.tokens for turn, stamps in zip(turns, seen, strict=True)]
    added = [
        (min(stamps.values()) - turn.sent - (log[turn.id][1] - log[turn.id][0])) / 1000
        for turn, stamps in zip(turns, seen, strict=True)
        if stamps and len(log.get(turn.id, ())) == 2
    ]
    late = [latency / 1000 for turn in turns for latency in latencies(turn.chunks)]
    count = sum(map(len, seen))
    took = (
        max((max(stamps.values()) for stamps in seen if stamps), default=0) - min(turn.sent for turn in turns)
    ) / 1e6
    return {
        "turns": float(len(turns)),
        "failed": float(load.streams * load.turns - sum(whole)),
        **percentiles("added_ms", added),
        **percentiles("token_ms", late),
        "tokens_s": count / took if took > 0 else 0.0,
        "bytes_a_byte": sum(map(sent_for, turns)) / (length(load.kind, load.tokens) * max(1, len(turns))),
    }


def of_server(load: Load, used: float, turns: Sequence[Turn]) -> dict[str, float]:
    """Share out what the server used: per turn, and per 1,000 tokens that were asked for."""
    tokens = load.streams * load.turns * load.tokens
    return {"cpu_ms_a_turn": used * 1000 / max(1, len(turns)), "cpu_s_a_thousand": used * 1000 / tokens}


def sent_for(turn: Turn) -> int:
    """Count the bytes of an answer's stream, those of HTTP included."""
    return sum(len(data) for _, data in turn.chunks[turn.begun :])
