"""Put a load on one server: some visitors who begin within some seconds.

The client keeps what it receives and parses it after the run, so that parsing does not distort the figures.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import random
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress

from bench.outcome import Log, Outcome
from bench.plan import Load
from bench.servers import Server
from bench.visitors import OfFloor, OfRivulet, OfUpstream, Turn, Visitor
from bench.wire import Lost

VISITORS: dict[str, type[Visitor]] = {"direct": OfUpstream, "floor": OfFloor, "ours": OfRivulet}

PATIENCE = 180.0
"""How many seconds a load may take beyond its minimum."""

AT_A_TIME = 20
"""How many pages are opened at once before the clock starts."""


def measured(load: Load, app: str, upstream: str, server: Server | None = None) -> dict[str, float]:
    """Put a load on an app and return its figures; without a server it goes straight to the provider."""
    port = server.port if server else int(upstream.split(":")[2].split("/")[0])
    visitors = [VISITORS[app](port, load.routed) for _ in range(load.streams)]
    log_of(upstream)
    with server.peak() if server else nullcontext() as peak:
        used, turns = asyncio.run(driven(load, visitors, server))
    outcome = Outcome(load, turns, log_of(upstream))
    return outcome.of_visitors() | (outcome.of_server(used) | peak.figures if peak else {})


async def driven(load: Load, visitors: Sequence[Visitor], server: Server | None) -> tuple[float, list[Turn]]:
    """Run all visitors; return the server's CPU seconds, without the pages opened before."""
    numbers = itertools.count(1)
    turns: list[Turn] = []
    for some in batches(visitors):
        await asyncio.gather(*(visitor.prepare() for visitor in some), return_exceptions=True)
    before = server.cpu_seconds() if server else 0.0
    with undisturbed():
        begins = beginnings(load)
        tasks = [asyncio.create_task(visit(load, *pair, numbers, turns)) for pair in zip(visitors, begins, strict=True)]
        await asyncio.wait(tasks, timeout=load.seconds + PATIENCE)
    used = server.cpu_seconds() - before if server else 0.0
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return used, turns


def batches(visitors: Sequence[Visitor]) -> Iterator[Sequence[Visitor]]:
    """Split a list into batches of AT_A_TIME."""
    return (visitors[start : start + AT_A_TIME] for start in range(0, len(visitors), AT_A_TIME))


@contextmanager
def undisturbed() -> Iterator[None]:
    """Disable garbage collection in the client, so that no pause distorts the times."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def beginnings(load: Load) -> list[float]:
    """Choose the second at which each visitor sends: random, but the same each time."""
    chance = random.Random(load.streams)
    return sorted(chance.uniform(0, load.over) for _ in range(load.streams))


async def visit(load: Load, visitor: Visitor, begin: float, numbers: Iterator[int], turns: list[Turn]) -> None:
    """Wait for a visitor's start, then take some turns."""
    await asyncio.sleep(begin)
    for _ in range(load.turns):
        turn = Turn(next(numbers))
        turns.append(turn)
        with suppress(Lost, OSError):
            await visitor.turn(turn, load.text(turn.id))
    visitor.leave()


def log_of(upstream: str) -> Log:
    """Fetch the provider's log, which also clears it."""
    with urllib.request.urlopen(upstream.removesuffix("/v1") + "/log") as response:
        return {int(name): moments for name, moments in json.load(response).items()}
