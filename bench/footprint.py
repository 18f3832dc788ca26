"""Measure Rivulet at rest: memory and start time of a server, and disk space of an installation."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial

from bench import installed, processes
from bench.servers import Server
from bench.setup import Bound, Row, Scenario, Setup
from bench.trees import HERE, REQUIREMENTS, ROOT

SETTLING = 10.0
"""How many seconds after its first page a server counts as idle, and how many seconds it is then watched."""

FLOOR = ("flask", "gunicorn", "gevent", "requests")
"""The packages of the bare relay."""


def footprint(setup: Setup) -> Iterator[Row]:
    """Start each server and leave it idle."""
    pause = 0.5 if setup.quick else SETTLING
    for name, serve in {"floor": setup.floor, "ours": setup.ours}.items():
        yield Row(what=name, figures=idle_after(partial(serve, folder=setup.new_folder()), pause))


def idle_after(serve: Callable[[], AbstractContextManager[Server]], pause: float) -> dict[str, float]:
    """Start a server twice, since the first start creates its database; then watch it idle."""
    with serve():
        pass
    with serve() as server:
        starting = server.cpu_seconds()
        time.sleep(pause)
        used = server.cpu_seconds()
        time.sleep(pause)
        return {
            "started_ms": 1000 * server.started,
            "start_cpu_s": starting,
            "pss_mib": server.memory()["pss"],
            "processes": float(len(processes.tree(server.process.pid))),
            "idle_cpu_percent": 100 * (server.cpu_seconds() - used) / pause,
        }


def install(setup: Setup) -> Iterator[Row]:
    """Weigh a new environment after `pip install -r requirements.txt`; the figure is the same in each round.

    Another commit is not weighed: this Python holds only the packages of the present tree.
    """
    if setup.tree != HERE:
        return
    names = list(installed.pinned((ROOT / REQUIREMENTS).read_text().splitlines()))
    yield Row(what="floor", figures=installed.weight([*installed.closure(FLOOR), *installed.seeds()]))
    yield Row(what="ours", figures=installed.weight([*names, *installed.seeds()]))


SCENARIOS = [
    Scenario("footprint", "start to the first page, then memory and CPU while idle", footprint),
    Scenario("install", "what requirements.txt brings: distributions and MB (not of another commit)", install),
]

BOUNDS = [
    Bound("start to first page", "footprint", "started_ms", 1200, "ms", floor=480, peers=("940", "24,000")),
    Bound("idle memory (PSS)", "footprint", "pss_mib", 80, "MiB", floor=47, peers=("52", "782")),
    Bound(
        "install without the local model: distributions", "install", "distributions", 50, floor=16, peers=("31", "243")
    ),
    Bound("install without the local model: size", "install", "mib", 140, "MiB", floor=51, peers=("100", "2,919")),
]
