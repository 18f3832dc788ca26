"""Build the stage of the rounds: a server, its database, and the outages of that database."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.harness import Server, served
from tests.faults.holders import holding_file, holding_tables, some_tables
from tests.faults.model import Model
from tests.faults.wire import Wire
from tests.postgres import Postgres
from tests.serving import KEY

SHORT, LEASE, LONG = (0.3, 6.0), (6.0, 9.0), (60.0, 90.0)
"""How many seconds an outage lasts: mostly shorter than a lease, sometimes longer, rarely much longer."""

DECK = [SHORT] * 14 + [LEASE] * 5 + [LONG]


class Spans:
    """The durations of outages in seconds: cards of DECK up to `longest`, reshuffled when used up."""

    def __init__(self, chance: random.Random, longest: float):
        self.chance, self.longest = chance, longest
        self.deck: list[tuple[float, float]] = []

    def draw(self) -> float:
        """Draw the next duration."""
        if not self.deck:
            self.deck = [span for span in DECK if span[1] <= self.longest]
            self.chance.shuffle(self.deck)
        return self.chance.uniform(*self.deck.pop())


@dataclass
class Outage:
    """Records when no process can write to the database, on the monotonic clock, and when it is unreachable.

    If no worker is left to write, that counts, too.
    """

    depth: int = 0
    ended: float = 0.0
    unreachable: float | None = None

    @property
    def on(self) -> bool:
        """Tell whether an outage is in progress."""
        return self.depth > 0

    @contextmanager
    def lasting(self) -> Iterator[None]:
        """Record an outage while a block runs; outages can overlap."""
        self.depth += 1
        try:
            yield
        finally:
            self.depth -= 1
            self.ended = time.monotonic()

    def writable_since(self) -> float:
        """Return since when the database has been writable."""
        return time.monotonic() if self.on else self.ended


@dataclass
class Stage:
    """The stage of a wave; `postgres` and its `wire` are None on SQLite.

    `stopped` says that a test told the server to stop.
    """

    server: Server
    chance: random.Random
    spans: Spans
    folder: Path
    direct: str
    environ: dict[str, str]
    postgres: Postgres | None = None
    wire: Wire | None = None
    outage: Outage = field(default_factory=Outage)
    stopped: bool = False

    def another(self) -> Server:
        """Create another server on the same database."""
        return Server(self.folder / "another", self.server.model, self.direct, **self.environ)

    @contextmanager
    def held(self) -> Iterator[str]:
        """Lock the database from another process while a block runs; yield a description of the lock."""
        with self.outage.lasting(), ExitStack() as stack:
            if self.postgres:
                tables, mode = some_tables(self.chance)
                stack.enter_context(holding_tables(self.direct, tables, mode))
                yield f"{', '.join(tables)} in {mode} mode"
            else:
                stack.enter_context(holding_file(Path(self.direct.removeprefix("sqlite:///"))))
                yield "the file"

    @contextmanager
    def away(self) -> Iterator[None]:
        """Stop PostgreSQL while a block runs, cleanly or with a crash; SQLite can only be locked."""
        if not self.postgres:
            with self.held():
                yield
            return
        with self.outage.lasting():
            self.postgres.stop(self.chance.choice([signal.SIGINT, signal.SIGQUIT]))
            self.outage.unreachable = time.monotonic()
            try:
                yield
            finally:
                self.outage.unreachable = None
                self.postgres.start()


@contextmanager
def staged(folder: Path, chance: random.Random, longest: float, postgres: Postgres | None) -> Iterator[Stage]:
    """Serve the app in two workers while a block runs."""
    with ExitStack() as stack:
        wire = stack.enter_context(Wire(postgres.port)) if postgres else None
        direct = postgres.new_database() if postgres else f"sqlite:///{folder / 'rivulet.db'}"
        environ = {"WEB_CONCURRENCY": "2", "DRAIN_SECONDS": "0.5", "SECRET_KEY": KEY}
        environ["DATABASE_URL"] = wire.address(direct) if wire else direct
        server = stack.enter_context(served(folder, stack.enter_context(Model()), direct=direct, **environ))
        yield Stage(server, chance, Spans(chance, longest), folder, direct, environ, postgres, wire)
