"""Define blows: faults that hurt all conversations of a wave at once."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.harness import Server
from tests.faults.rounds.stage import Stage
from tests.faults.wire import BREAK, DELAY, PLACES, SWALLOW, Fault, at_random

SHARE = 0.04
"""The share of COMMITs that a bad wire hurts."""

BOOT = 2.5
"""How many seconds a worker may take to start."""


class Blow:
    """No blow; `dead` lists the killed workers, `found` the errors, `told` describes the blow.

    An `is_outage` blow blocks all database writes for a while. One that `lasts` spans from the first send to the last
    end. After a `silent` one, no process can tell a live worker from a dead one.
    """

    is_outage = lasts = silent = False

    def __init__(self, stage: Stage):
        self.stage, self.server, self.chance = stage, stage.server, stage.chance
        self.dead: set[int] = set()
        self.found: list[str] = []
        self.told = ""

    @contextmanager
    def around(self) -> Iterator[None]:
        """Apply a fault from the first send of a wave to its last end."""
        yield

    def strike(self) -> None:
        """Hurt the wave at some moment of its answers."""

    def spares(self, worker: int | None) -> bool:
        """Tell whether a worker survived, and could show it."""
        return not self.silent and (not self.dead or (worker is not None and worker not in self.dead))

    def kill(self, count: int) -> None:
        for worker in self.chance.sample(self.server.workers(), count):
            self.dead.add(worker)
            self.server.send_signal(signal.SIGKILL, worker)

    def stop(self) -> None:
        """Tell the server to stop, and wait for its exit."""
        self.dead |= set(self.server.workers())
        self.stage.stopped = True
        if code := self.server.stop(self.chance.choice([signal.SIGTERM, signal.SIGINT])):
            self.found.append(f"the server was told to stop and exited by {code}")

    def launch(self) -> None:
        self.server.launch()
        self.stage.stopped = False

    def until_it_answers(self, server: Server) -> None:
        """Wait for a started server."""
        try:
            server.until_it_answers()
        except AssertionError:
            self.found.append(f"a server that was started never answered; it ended by {server.process.poll()}")


class Kill(Blow):
    """Kill one worker, or both."""

    def strike(self) -> None:
        """Kill; if both are dead, no process renews a lease until another worker has started."""
        with self.stage.outage.lasting():
            self.kill(self.chance.choice([1, 1, 2]))
            self.until_it_answers(self.server)


class Restart(Blow):
    """Stop the server, and start it again."""

    def strike(self) -> None:
        """Restart; meanwhile no process renews a lease."""
        with self.stage.outage.lasting():
            self.stop()
            self.launch()
            self.until_it_answers(self.server)


class Held(Blow):
    """Lock the database from another process."""

    is_outage = True

    def strike(self) -> None:
        span = self.stage.spans.draw()
        with self.stage.held() as what:
            self.told = f"{what} for {span:.1f} s"
            time.sleep(span)


class Away(Blow):
    """Kill workers or start servers while the database is down or locked."""

    is_outage = True
    other: Server | None = None

    def strike(self) -> None:
        """Take the database away, hurt the server, bring the database back, and wait until every server answers."""
        acts = [self.kill_one, self.kill_one, self.kill_all, self.add, self.restart, self.wait]
        span, act = max(BOOT, self.stage.spans.draw()), self.chance.choice(acts)
        self.told = f"{act.__name__} within {span:.1f} s"
        with self.stage.outage.lasting():
            with self.stage.away():
                ends = time.monotonic() + span
                time.sleep((span - BOOT) * self.chance.random())
                act()
                time.sleep(max(0.0, ends - time.monotonic()))
            for server in filter(None, [self.server, self.other]):
                self.until_it_answers(server)

    def kill_one(self) -> None:
        self.kill(1)

    def kill_all(self) -> None:
        self.kill(2)

    def add(self) -> None:
        self.other = self.stage.another()
        self.other.launch()

    def restart(self) -> None:
        self.stop()
        self.launch()

    def wait(self) -> None:
        """Hurt only the database."""

    @contextmanager
    def around(self) -> Iterator[None]:
        """Remove the other server at the end."""
        try:
            yield
        finally:
            if self.other:
                self.other.kill()
                self.other.database.dispose()


class Severed(Blow):
    """Break or delay the wire to PostgreSQL at some of the COMMITs."""

    lasts = True

    @contextmanager
    def around(self) -> Iterator[None]:
        faults = [Fault(place, BREAK) for place in PLACES] * 3
        faults += [Fault(place, DELAY, self.chance.uniform(0.05, 1)) for place in ("before", "in", "half")]
        assert self.stage.wire
        with self.stage.wire.hurting(at_random(self.chance, SHARE, faults)):
            yield


class Silence(Blow):
    """Silence some connections to PostgreSQL at a COMMIT; new ones work."""

    silent = True

    def strike(self) -> None:
        faults = [Fault(place, SWALLOW, min(10.0, self.stage.spans.draw())) for place in PLACES]
        wire = self.stage.wire
        assert wire
        wanted, deadline = wire.did.total() + 3, time.monotonic() + 2
        with self.stage.outage.lasting():
            with wire.hurting(at_random(self.chance, 0.2, faults)):
                while wire.did.total() < wanted and time.monotonic() < deadline:
                    time.sleep(0.01)
            time.sleep(max(fault.seconds for fault in faults))
