"""Measure what one answer costs the server as it gets longer, by kind of text."""

from __future__ import annotations

from collections.abc import Iterator

from bench.load import measured
from bench.loads import WARMING
from bench.plan import Load
from bench.servers import Server
from bench.setup import Bound, Row, Scenario, Setup

THOUSANDS = (1, 2, 4, 8)

RATE = 400
"""Tokens a second: twenty times the speed of a model, so a round ends within minutes. At this rate the writer's ticks,
and so the events, still hold a few tokens each; at full speed they would hold hundreds."""

MARKED = ("prose", "list", "table", "fence")


def cost(setup: Setup) -> Iterator[Row]:
    """Write and watch one answer after another, each kind on its own server."""
    for kind in MARKED:
        with setup.ours() as server:
            measured(WARMING, "ours", setup.upstream, server)
            yield Row(what=kind, figures=by_length(kind, setup, server))


def by_length(kind: str, setup: Setup, server: Server) -> dict[str, float]:
    """Measure each length: CPU seconds, bytes sent for each byte of text, and the growth of CPU from 1k to 8k
    tokens."""
    figures: dict[str, float] = {}
    for thousand in THOUSANDS:
        tokens = thousand * (50 if setup.quick else 1000)
        seen = measured(Load(1, tokens, RATE, kind=kind), "ours", setup.upstream, server)
        figures[f"cpu_s_{thousand}k"] = seen["cpu_s_a_thousand"] * tokens / 1000
        figures[f"sent_{thousand}k"] = seen["bytes_a_byte"]
    return figures | {"cpu_8k_1k": figures["cpu_s_8k"] / max(figures["cpu_s_1k"], 0.01)}


SCENARIOS = [Scenario("cost", "one answer of 1k, 2k, 4k and 8k tokens: prose, list, table, code", cost)]

BOUNDS = [
    Bound(f"an answer as it gets longer, {kind}: CPU of 8k : 1k tokens", "cost", "cpu_8k_1k", 9, row=kind)
    for kind in MARKED
]
