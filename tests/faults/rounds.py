"""Random faults, many at once, again and again: `python -m tests.faults.rounds --rounds 1000`; bin/faults calls it.

A round is one conversation that something happens to; a wave is SLOTS of them on one server with two workers. In a wave
of the kind "kill" a worker dies at a random moment, in one of the kind "restart" the server is told to stop and another
one started; beside that the browser's connection is cut at a random byte ("cut"), and stops, retries and a deletion
race with the answer's end ("race"). What must hold is checked after each wave, and all the while.
"""

from __future__ import annotations

import argparse
import random
import secrets
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from chat.tables import replies
from tests import postgres
from tests.faults.browser import Browser, Sent, Watching, replies_in
from tests.faults.harness import Leases, Server, replies_of, reply, violations, words_stored
from tests.faults.model import Model, question

SLOTS = 40
WORDS = 60
PAUSE = 0.05
KINDS = ("kill", "restart", "cut", "race")
END_OF_WAVE = 90.0
"""How long a wave may take until all its answers have ended, in seconds."""


@dataclass
class Round:
    """One conversation and what happens to it."""

    name: str
    kind: str
    browser: Browser
    chance: random.Random
    sent: Sent | None = None
    pages: list[Watching] = field(default_factory=list)
    deleted: bool = False
    continued: int = 0

    def begin(self) -> None:
        """Ask, and watch the answer."""
        self.sent = self.browser.send(question(self.name, WORDS, PAUSE))
        self.follow(self.sent.reply)

    def follow(self, reply_id: int) -> None:
        """Watch a reply; in rounds of that kind the connection is cut at a random byte."""
        cut = self.chance.randint(1, 12_000) if self.kind == "cut" else None
        self.pages.append(self.browser.follow(reply_id, cut))

    def happen(self) -> None:
        """Let a race begin at a random moment of the answer, near its end above all."""
        if self.kind != "race" or not self.sent:
            return
        time.sleep(WORDS * PAUSE * min(1.1, self.chance.triangular(0, 1.2, 1)))
        acts = self.chance.sample([self.stop, self.stop, self.retry, self.go_on, self.delete], 3)
        threads = [threading.Thread(target=quietly(act)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    @property
    def first(self) -> int:
        """The first answer."""
        assert self.sent
        return self.sent.reply

    def replies(self, server: Server) -> list[int]:
        """List all answers that are stored."""
        return replies_of(server.database, self.sent.conversation) if self.sent else []

    def stop(self) -> None:
        """Stop the answer."""
        self.browser.post(f"/replies/{self.first}/stop")

    def retry(self) -> None:
        """Ask for another answer, and watch it."""
        for number in replies_in(self.browser.post(f"/replies/{self.first}/retry").body):
            self.follow(number)

    def go_on(self) -> None:
        """Continue an answer that was stopped."""
        time.sleep(self.chance.random())
        self.continued += 1
        if self.browser.post(f"/replies/{self.first}/continue").status == 200:
            self.follow(self.first)

    def delete(self) -> None:
        """Delete the conversation, in few rounds."""
        if self.sent and self.chance.random() < 0.2:
            self.deleted = True
            self.browser.ask("POST", f"/conversations/{self.sent.conversation}/deletion", {})


def quietly(act: Callable[[], object]) -> Callable[[], None]:
    """Let an act fail as a click does whose server goes away."""

    def tried() -> None:
        with suppress(OSError):
            act()

    return tried


class Watch:
    """Looks at the database all the while: at states that go back, and at replies without a live lease."""

    def __init__(self, server: Server):
        self.server = server
        self.states: dict[int, str] = {}
        self.found: set[str] = set()
        self.leases = Leases(server.database)
        self.over = threading.Event()
        threading.Thread(target=self._look_on, daemon=True).start()

    def _look_on(self) -> None:
        while not self.over.wait(0.1):
            self.look()

    def look(self) -> None:
        """Look once."""
        with self.server.database.read() as connection:
            rows = connection.execute(select(replies.c.id, replies.c.state)).all()
        for number, state in rows:
            before = self.states.get(number, "generating")
            # A person may continue what was stopped; nothing else goes back.
            if before != state and before not in {"generating", "stopped"}:
                self.found.add(f"reply {number} went from {before} to {state}")
            self.states[number] = state
        self.found |= {f"reply {number} had no live lease for too long" for number in self.leases.look()}


class Rounds:
    """A server, a model and as many rounds as are wanted; `violations` is what was broken."""

    def __init__(self, folder: Path, seed: int, kinds: Sequence[str] = KINDS, database_url: str = ""):
        self.folder = folder
        self.chance = random.Random(seed)
        self.kinds = kinds
        self.database_url = database_url
        self.done: Counter[str] = Counter()
        self.hit: Counter[str] = Counter()
        self.adopted = 0
        self.violations: list[str] = []

    def run(self, count: int, tell: Callable[[str], None] = lambda _: None) -> None:
        """Run so many rounds."""
        environ = {"WEB_CONCURRENCY": "2", "DRAIN_SECONDS": "0.5"}
        environ |= {"DATABASE_URL": self.database_url} if self.database_url else {}
        with ExitStack() as stack:
            self.model = stack.enter_context(Model())
            self.server = Server(self.folder, self.model, **environ)
            self.server.start()
            stack.callback(self.server.kill)
            while (left := count - self.done.total()) > 0:
                self._wave(min(SLOTS, left))
                tell(f"{self.done.total()} rounds, {len(self.violations)} violations")

    def _wave(self, size: int) -> None:
        blow = self.chance.choice([kind for kind in self.kinds if kind in {"kill", "restart"}] or [""])
        rounds = [self._new_round(blow) for _ in range(size)]
        watch = Watch(self.server)
        try:
            together([round_.begin for round_ in rounds])
            threads = [threading.Thread(target=round_.happen, daemon=True) for round_ in rounds]
            for thread in threads:
                thread.start()
            time.sleep(self.chance.uniform(0, WORDS * PAUSE))
            self._strike(blow)
            for thread in threads:
                thread.join()
            found = [*self._until_ended(rounds), *[line for round_ in rounds for line in self._check(round_)]]
        finally:
            watch.over.set()
        self._note(rounds, [*found, *sorted(watch.found)])

    def _new_round(self, blow: str) -> Round:
        kinds = [kind for kind in self.kinds if kind not in {"kill", "restart"}] + [blow] * bool(blow)
        chance = random.Random(self.chance.random())
        return Round(f"r-{secrets.token_hex(6)}", self.chance.choice(kinds), self.server.browser(), chance)

    def _strike(self, blow: str) -> None:
        if blow == "kill":
            for worker in self.chance.sample(self.server.workers(), self.chance.choice([1, 1, 2])):
                self.server.send_signal(signal.SIGKILL, worker)
        elif blow == "restart":
            self.server.stop(self.chance.choice([signal.SIGTERM, signal.SIGINT]))
            self.server.start()

    def _until_ended(self, rounds: list[Round]) -> Iterator[str]:
        deadline = time.monotonic() + END_OF_WAVE
        for page in [page for round_ in rounds for page in round_.pages]:
            if not page.over.wait(max(0.1, deadline - time.monotonic())):
                yield f"reply {page.reply_id}: its page never came to an end"
            page.leave()
        # What nobody watches ends, too: an answer whose post was lost with the server, or was continued.
        while self._generating() and time.monotonic() < deadline:
            time.sleep(0.1)

    def _generating(self) -> bool:
        with self.server.database.read() as connection:
            return connection.execute(select(replies.c.id).where(replies.c.state == "generating")).first() is not None

    def _check(self, round_: Round) -> Iterator[str]:
        numbers = round_.replies(self.server)
        if not numbers and not round_.deleted:
            yield f"{round_.name}: the conversation is gone"
        # Continue begins the count of adoptions anew: one call of its own, and one that may have been counted before.
        if not round_.deleted:
            yield from violations(self.server, round_.name, numbers, round_.pages, paid=2 * round_.continued)
        for number in numbers:
            row = reply(self.server.database, number)
            if row and round_.kind != "race" and row.state != "complete":
                yield f"reply {number} ended {row.state}, unharmed by anybody: {row.error}"
            if row and row.state == "complete" and len(words_stored(self.server.database, number)) != WORDS:
                yield f"reply {number} is complete without all its words"

    def _note(self, rounds: list[Round], found: list[str]) -> None:
        self.violations += found
        for round_ in rounds:
            rows = [reply(self.server.database, number) for number in round_.replies(self.server)]
            attempts = sum(row.attempts for row in rows if row)
            again = len(round_.pages[0].received) > 1 if round_.pages else False
            raced = round_.kind == "race" and (len(rows) != 1 or {row.state for row in rows if row} != {"complete"})
            self.done[round_.kind] += 1
            self.adopted += attempts
            self.hit[round_.kind] += bool(attempts or again or raced)

    def table(self) -> str:
        """Write what was done as a table."""
        lines = ["| kind | rounds | that hit their answer |", "|---|---:|---:|"]
        lines += [f"| {kind} | {self.done[kind]} | {self.hit[kind]} |" for kind in KINDS if self.done[kind]]
        total = f"| all | {self.done.total()} | {sum(self.hit.values())} |"
        return "\n".join([*lines, total, "", f"{self.adopted} adoptions, {len(self.violations)} violations."])


def together(acts: Sequence[Callable[[], object]]) -> None:
    """Do several things at once; what fails is raised."""
    failed: list[BaseException] = []

    def tried(act: Callable[[], object]) -> None:
        try:
            act()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=tried, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def main() -> int:
    """Run rounds as the command line says; 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description="Hurt a server at random, and check what was promised.")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL instead of SQLite")
    wanted = parser.parse_args()
    started = time.monotonic()
    print(f"seed {wanted.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="rivulet-faults-") as folder, ExitStack() as stack:
        url = stack.enter_context(postgres.postgres()).new_database() if wanted.postgres else ""
        rounds = Rounds(Path(folder), wanted.seed, database_url=url)
        rounds.run(wanted.rounds, tell=lambda line: print(line, flush=True))
        print(f"\n{rounds.table()}\n{time.monotonic() - started:.0f} seconds.")
    for line in rounds.violations:
        print(line)
    return 1 if rounds.violations else 0


if __name__ == "__main__":
    sys.exit(main())
