"""Watch the states and leases in the database, and the server's health, during a whole wave."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Self

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from chat.storage.database import DatabaseAway
from chat.storage.tables import replies
from tests.faults.browser import Answer, Browser
from tests.faults.harness import Leases
from tests.faults.rounds.stage import Stage

SILENCE = 20.0
"""How many seconds a server may be silent while its workers start."""

READY = 10.0
"""How many seconds after its database returns a server must be ready."""

NOTICED = 1.0
"""How many seconds a server may take to notice that its database is unreachable."""


class Watch:
    """Looks again and again while a block runs; `found` lists the complaints."""

    every = 0.1

    def __init__(self, stage: Stage):
        self.stage = stage
        self.found: set[str] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._thread.join(SILENCE)

    def _look_on(self) -> None:
        while not self._over.wait(self.every):
            self.look()

    def look(self) -> None:
        raise NotImplementedError


class Stored(Watch):
    """Complains about states that go back, and about replies without a live lease."""

    def __init__(self, stage: Stage):
        super().__init__(stage)
        self.states: dict[int, str] = {}
        self.leases = Leases(stage.server.database, stage.outage.writable_since)

    def look(self) -> None:
        """Look once, unless the database is away."""
        began = time.monotonic()
        try:
            with self.stage.server.database.read() as connection:
                rows = connection.execute(select(replies.c.id, replies.c.state)).all()
            self.found |= {f"reply {number} had no live lease for too long" for number in self.leases.look()}
        except (SQLAlchemyError, DatabaseAway) as error:
            if self.stage.outage.writable_since() < began:
                self.found.add(f"the database can't be read, though it is there: {error!r}"[:300])
            return
        for number, state in rows:
            self.note(number, state)

    def note(self, number: int, state: str) -> None:
        """Record the state of a reply."""
        before = self.states.get(number, "generating")
        # A user can continue a stopped reply; no other state goes back.
        if before != state and before not in {"generating", "stopped"}:
            self.found.add(f"reply {number} went from {before} to {state}")
        self.states[number] = state


class Health(Watch):
    """Checks the server's /healthz and /readyz."""

    every = 0.3

    def __init__(self, stage: Stage):
        super().__init__(stage)
        self.browser = Browser(stage.server.port)
        self.heard = time.monotonic()

    def look(self) -> None:
        self._revive()
        began, away = time.monotonic(), self.stage.outage.unreachable
        alive, ready = self.ask("/healthz"), self.ask("/readyz")
        has_noticed = away is not None and away == self.stage.outage.unreachable and began - away > NOTICED
        self.found |= set(unwell(alive, ready, away=has_noticed))
        self.heard = time.monotonic() if alive else self.heard
        if time.monotonic() - self.heard > SILENCE:
            self.found.add(f"/healthz said nothing for {SILENCE:.0f} seconds")

    def _revive(self) -> None:
        server = self.stage.server
        if server.process.poll() is not None and not self.stage.stopped and not self.stage.outage.on:
            self.found.add(f"the server ended by itself, with {server.process.poll()}")
            server.launch()

    def ask(self, path: str) -> Answer | None:
        """Send a request; None if its worker was killed, or if no worker has started yet."""
        try:
            return self.browser.get(path)
        except OSError:
            return None

    def until_ready(self) -> None:
        """Wait until the server is ready; complain if that takes too long."""
        deadline = time.monotonic() + READY
        while not ((ready := self.ask("/readyz")) and ready.status == 200):
            if time.monotonic() > deadline:
                self.found.add(f"/readyz isn't well {READY:.0f} seconds after the blow: {ready}")
                return
            time.sleep(self.every)


def unwell(alive: Answer | None, ready: Answer | None, away: bool) -> Iterator[str]:
    """Complain about a wrong health report; `away` says that the database is unreachable."""
    if alive and alive.status != 200:
        yield f"/healthz said {alive.status}"
    if ready and (ready.status not in {200, 503} or not ready.body.strip()):
        yield f"/readyz said {ready.status} and {ready.body!r}"
    if ready and ready.status == 200 and away:
        yield "/readyz said 200 while the database was away"
