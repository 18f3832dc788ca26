"""Run a rolling restart under load: users behind routers take turn after turn while each backend restarts.

A turn succeeds if its message was accepted once, and its whole answer was shown and stored once.
"""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.faults.browser import WORD, Browser
from tests.faults.harness import PATIENCE, Model, Server, reply, served, violations
from tests.faults.model import question
from tests.faults.person import Person
from tests.routers import Kind, Router
from tests.serving import KEY

LENGTHS = (20, 20, 20, 60)
"""The word counts of the answers, in rotation; the longest outlasts its server."""

PAUSE = 0.03
DRAIN = "0.5"


@dataclass
class Tally:
    """The results of the turns behind one router."""

    turns: int = 0
    failed: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)


class Load:
    """Users behind routers, who take turns until told to stop."""

    def __init__(self, server: Server, routers: Sequence[Router], persons: int):
        self.server = server
        self.over = threading.Event()
        self.tallies = {router.kind.name: Tally() for router in routers}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(persons * len(routers))
        self._all = [
            self._pool.submit(self._take_turns, router, number) for router in routers for number in range(persons)
        ]

    def stop(self) -> dict[str, Tally]:
        """Let each user finish the current turn; return all results."""
        self.over.set()
        for each in self._all:
            each.result()
        self._pool.shutdown()
        return self.tallies

    def _take_turns(self, router: Router, number: int) -> None:
        person, tally = Person(Browser(router.port)), self.tallies[router.kind.name]
        for turn in count():
            if self.over.is_set():
                break
            name, words = f"p{router.port}-{number}-{turn}", LENGTHS[(turn + number) % len(LENGTHS)]
            try:
                failed = self._turn(person, name, words)
            except Exception as error:
                failed = [f"{name}: {error!r}"]
            with self._lock:
                tally.turns += 1
                tally.failed += failed
        with self._lock:
            tally.refused.update(person.refused)

    def _turn(self, person: Person, name: str, words: int) -> list[str]:
        sent = person.send(question(name, words, PAUSE))
        page = person.browser.follow(sent.reply)
        view = page.until_over()
        row = reply(self.server.database, sent.reply)
        state = row.state if row else "gone"
        found = violations(self.server, name, [sent.reply], [page])
        shown = [int(word) for word in WORD.findall(view.text)]
        if state != "complete" or shown != list(range(words)):
            why = row and row.error
            found.append(f"{name} is {state} ({why}) and shows {len(shown)} of {words} words")
        return found


@contextmanager
def pair(folder: Path, model: Model, url: str, **environ: str) -> Iterator[list[Server]]:
    """Serve the app twice on one database."""
    shared = {"DATABASE_URL": url, "SECRET_KEY": KEY, "DRAIN_SECONDS": DRAIN, **environ}
    with served(folder / "one", model, **shared) as one, served(folder / "two", model, **shared) as two:
        yield [one, two]


@contextmanager
def before(kinds: Sequence[Kind], servers: Sequence[Server]) -> Iterator[list[Router]]:
    """Put a router of each kind in front of the servers."""
    ports = [server.port for server in servers]
    with ExitStack() as stack:
        yield [stack.enter_context(Router(kind, *ports)) for kind in kinds]


def restart(server: Server, routers: Sequence[Router], late: float) -> None:
    """Restart a server; the routers learn of the stop `late` seconds after it."""
    server.send_signal(signal.SIGTERM)
    time.sleep(late)
    for router in routers:
        router.retire(server.port)
    server.process.wait(PATIENCE)
    server.start()
    for router in routers:
        router.restore(server.port)


def roll(
    servers: Sequence[Server], routers: Sequence[Router], persons: int, late: float, rounds: int = 1
) -> dict[str, Tally]:
    """Restart the servers in turn under load; return the results of the turns."""
    load = Load(servers[0], routers, persons)
    time.sleep(1)
    for server in [*servers] * rounds:
        restart(server, routers, late)
        time.sleep(1)
    return load.stop()


def table(tallies: dict[str, Tally]) -> str:
    """Format the results, one line for each router."""
    lines = (
        f"{name:22} {tally.turns:5} turns {len(tally.failed):3} failed, {dict(tally.refused)}"
        for name, tally in tallies.items()
    )
    return "\n".join(lines)
