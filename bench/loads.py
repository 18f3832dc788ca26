"""Measure loads: answers that stream to many at once, from Rivulet, the floor and the provider itself."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.load import measured
from bench.plan import Load
from bench.setup import Bound, Row, Scenario, Setup

WARMING = Load(2, 5, 0)
"""The requests that warm up each worker of a server before it is measured."""


def on_all(load: Load, setup: Setup, workers: int = 1) -> Iterator[Row]:
    """Put a load on each server, one after another."""
    load = load.quick() if setup.quick else load
    yield Row(what="direct", figures=measured(load, "direct", setup.upstream))
    for app, serve in {"floor": setup.floor, "ours": setup.ours}.items():
        with serve(workers) as server:
            for _ in range(2 * workers):
                measured(WARMING, app, setup.upstream, server)
            yield Row(what=app, figures=measured(load, app, setup.upstream, server))


def scenario(name: str, about: str, load: Load, workers: int = 1) -> Scenario:
    """Build the scenario of a load."""
    return Scenario(name, about, partial(on_all, load, workers=workers))


SCENARIOS = [
    scenario("turn", "one person, 20 turns one after another, 5 tokens each", Load(1, 5, 50, turns=20)),
    scenario("calm", "10 answers of 100 tokens at 20 tokens/s", Load(10, 100, 20, over=1)),
    scenario("busy", "50 answers of 200 tokens at 20 tokens/s", Load(50, 200, 20, over=2)),
    scenario("sends", "50 sends within 2 s, 40 tokens at 20 tokens/s", Load(50, 40, 20, over=2)),
    scenario("sat", "8 answers of 4,000 tokens, as fast as they are taken", Load(8, 4000, 0)),
    scenario("half", "500 answers of 200 tokens at 20 tokens/s, begun within 5 s", Load(500, 200, 20, over=5)),
    scenario(
        "routed",
        "200 answers of 200 tokens at 20 tokens/s, two workers behind a router",
        Load(200, 200, 20, over=5, routed=True),
        2,
    ),
    scenario("crowd", "1,000 answers of 100 tokens at 20 tokens/s, begun within 5 s", Load(1000, 100, 20, over=5), 2),
]

ONE = "one person, one turn after another"
FIFTY, SENDS = "50 answers at 20 tokens/s", "50 sends within 2 s"
HALF, CROWD = "500 answers at 20 tokens/s, one worker", "1,000 answers at 20 tokens/s, two workers"

BOUNDS = [
    Bound(
        f"{ONE}: added time to the first token, p50", "turn", "added_ms_p50", 10, "ms", floor=3.0, peers=("6.8", "152")
    ),
    Bound(f"{ONE}: CPU a turn", "turn", "cpu_ms_a_turn", 15, "ms", floor=6, peers=("12", "166")),
    Bound(f"{FIFTY}: latency of a token, p50", "busy", "token_ms_p50", 15, "ms", floor=0.6, peers=("3.8", "2.0")),
    Bound(f"{FIFTY}: latency of a token, p99", "busy", "token_ms_p99", 80, "ms", floor=2.8, peers=("76", "39")),
    Bound(f"{FIFTY}: CPU s per 1,000 tokens", "busy", "cpu_s_a_thousand", 2, ratio=True, peers=("0.85", "1.64")),
    Bound(f"{FIFTY}: answers that are not whole", "busy", "failed", 0, peers=("0", "13 %")),
    Bound(
        f"{SENDS}: added time to the first token, p95",
        "sends",
        "added_ms_p95",
        40,
        "ms",
        floor=4.9,
        peers=("26", "8,700"),
    ),
    Bound(f"{SENDS}: answers that are not whole", "sends", "failed", 0, peers=("0", "13 %")),
    Bound(f"{HALF}: latency of a token, p50", "half", "token_ms_p50", 120, "ms"),
    Bound(f"{HALF}: latency of a token, p99", "half", "token_ms_p99", 400, "ms"),
    Bound(f"{HALF}: memory (PSS)", "half", "pss_mib", 130, "MiB"),
    Bound(f"{HALF}: answers that are not whole", "half", "failed", 0),
    Bound(f"{CROWD}: CPU s per 1,000 tokens", "crowd", "cpu_s_a_thousand", 1.5, ratio=True, peers=("can't", "can't")),
    Bound(f"{CROWD}: memory in all (PSS)", "crowd", "pss_mib", 300, "MiB", peers=("can't", "can't")),
    Bound(f"{CROWD}: answers that are not whole", "crowd", "failed", 0),
    Bound("saturation, one worker", "sat", "tokens_s", 8000, "tokens/s", least=True, peers=("2,122", "1,288")),
]
