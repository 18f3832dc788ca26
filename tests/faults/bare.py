"""Build a stage for tests of the rounds themselves: a database, and stand-ins for the server's parts."""

from __future__ import annotations

from collections import Counter
from random import Random
from types import SimpleNamespace
from typing import Any

from chat.storage.database import Database
from tests.faults.rounds.stage import Outage

WORKERS = [1, 2]


def bare(database: Database, **known: Any) -> Any:
    """Build a stage without a server; a test can set what the stage knows about one."""
    server = {"port": 0, "database": database, "model": SimpleNamespace(calls=Counter(), askers={})}
    server |= {"workers": lambda: WORKERS, "process": SimpleNamespace(poll=lambda: None), **known}
    return SimpleNamespace(
        server=SimpleNamespace(**server), chance=Random(1), outage=Outage(), stopped=False, wire=None
    )
