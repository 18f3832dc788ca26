"""Define rounds: one conversation each, with its own fault."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from sqlalchemy import Row
from sqlalchemy.exc import SQLAlchemyError

from chat.storage.database import DatabaseAway
from tests.faults.browser import Sent, Watching, replies_in
from tests.faults.harness import Answered, Server, answers_to, reply, violations, waiting, words_stored
from tests.faults.model import question
from tests.faults.person import Person
from tests.faults.rounds.blows import Blow
from tests.faults.rounds.stage import Stage
from tests.faults.rounds.visitor import Visitor

WORDS = 60
PAUSE = 0.05
LENGTH = WORDS * PAUSE
"""How many seconds an answer takes."""

PATIENCE = 180.0
"""How many seconds a user keeps trying: longer than any outage."""


class Round:
    """One conversation; only the wave's blow hurts it.

    `worker` writes its answer, if known; `struck` says whether the blow hurt the database during the round.
    """

    undisturbed = True
    """Whether its answers must be complete."""

    def __init__(self, name: str, kind: str, stage: Stage, chance: random.Random):
        self.name, self.kind, self.stage, self.chance = name, kind, stage, chance
        self.server: Server = stage.server
        self.browser = Visitor(self.server.port, self.known)
        self.person = Person(self.browser, patience=PATIENCE)
        self.sent: Sent | None = None
        self.pages: list[Watching] = []
        self.worker: int | None = None
        self.struck = self.deleted = False
        self.continued = 0
        self.found: list[str] = []

    def known(self, text: str) -> int | None:
        """Count the stored copies of a text of this round, also as it waits; None if the database is unreachable."""
        with suppress(SQLAlchemyError, DatabaseAway):
            sent = {answered.question: answered.text for answered in self.answers()}
            stored = [*sent.values(), *waiting(self.server.database)]
            return stored.count(text)
        return None

    def play(self) -> None:
        """Play the round, and record its errors."""
        try:
            self.begin()
            self.happen()
        except Exception as error:
            self.found.append(f"{self.name} broke off by {error!r}"[:600])

    def begin(self) -> None:
        """Ask, and watch the answer."""
        self.sent = self.person.send(question(self.name, WORDS, PAUSE))
        self.follow(self.sent.reply)

    def follow(self, reply_id: int) -> None:
        self.pages.append(self.browser.follow(reply_id))

    def happen(self) -> None:
        """Apply the fault of this kind."""

    def note_blow(self, blow: Blow, owners: dict[int, int]) -> None:
        """Record the state at the blow; `owners` maps the model's ports to workers."""
        self.worker = owners.get(self.server.model.askers.get(self.name, 0))
        writing = not self.pages or any(not page.over.is_set() for page in self.pages)
        self.struck = blow.lasts or (writing and (blow.is_outage or blow.silent))

    def answers(self) -> list[Answered]:
        """List the stored questions and answers of this round."""
        return answers_to(self.server.database, self.name)

    def check(self, spared: bool) -> Iterator[str]:
        """Complain about broken promises; `spared` says that no worker of this round was hurt."""
        answers = self.answers()
        if not answers and not self.deleted:
            yield f"{self.name}: the conversation is gone"
        for name in {answered.name for answered in answers} if not self.deleted else ():
            yield from self._check_calls(
                name, [answered.reply for answered in answers if answered.name == name], spared
            )
        for answered in answers:
            yield from self._check_end(answered, reply(self.server.database, answered.reply))
        yield from [*self.found, *self.browser.found, *self._refused_pages()]

    def _check_calls(self, name: str, numbers: list[int], spared: bool) -> Iterator[str]:
        # Continue restarts the count of adoptions: it costs one call, plus one that the count can include already.
        paid, calls = 2 * self.continued, self.server.model.calls[name]
        yield from violations(self.server, name, numbers, self.pages, paid)
        if spared and calls > len(numbers) + paid:
            yield f"reply {numbers[-1]} ({self.kind}) was asked for {calls} times, though its worker lived"

    def _check_end(self, answered: Answered, row: Row | None) -> Iterator[str]:
        if not row:
            return
        if self.undisturbed and row.state != "complete":
            yield f"reply {row.id} ({self.kind}) ended {row.state}, unharmed by anybody: {row.error}"
        if row.state == "complete" and len(words_stored(self.server.database, row.id)) != answered.words:
            yield f"reply {row.id} ({self.kind}) is complete without all its words"

    def _refused_pages(self) -> Iterator[str]:
        heads = {bytes(seen[:12]) for page in self.pages for seen in page.received}
        allowed = {b"HTTP/1.1 200", b"HTTP/1.1 503"} | ({b"HTTP/1.1 404"} if self.browser.may_miss else set())
        yield from (f"{self.name}: a page got {head!r}" for head in heads - allowed if len(head) == 12)

    @property
    def hit(self) -> bool:
        """Tell whether the fault reached the answer."""
        again = any(len(page.received) > 1 for page in self.pages)
        return again or self.adopted > 0 or self.struck

    @property
    def adopted(self) -> int:
        """Count the adoptions of its answers."""
        rows = [reply(self.server.database, answered.reply) for answered in self.answers()]
        return sum(row.attempts for row in rows if row)


class Cut(Round):
    """Cut the browser's connection at a random byte."""

    def follow(self, reply_id: int) -> None:
        """Watch a reply on a connection that will be cut."""
        self.pages.append(self.browser.follow(reply_id, self.chance.randint(1, 12_000)))


class Race(Round):
    """Stop, Retry, Continue or delete at the moment of the answer's end."""

    undisturbed = False

    def happen(self) -> None:
        """Start a race at a random moment of the answer, mostly near its end."""
        if not self.sent:
            return
        self.browser.may_miss = True
        time.sleep(LENGTH * min(1.1, self.chance.triangular(0, 1.2, 1)))
        acts = self.chance.sample([self.stop, self.stop, self.retry, self.go_on, self.delete], 3)
        threads = [threading.Thread(target=quietly(act, self.sent)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def stop(self, sent: Sent) -> None:
        self.browser.post(f"/replies/{sent.reply}/stop")

    def retry(self, sent: Sent) -> None:
        """Ask for another answer, and watch it."""
        for number in replies_in(self.browser.post(f"/replies/{sent.reply}/retry").body):
            self.follow(number)

    def go_on(self, sent: Sent) -> None:
        """Continue a stopped answer."""
        time.sleep(self.chance.random())
        self.continued += 1
        if self.browser.post(f"/replies/{sent.reply}/continue").status == 200:
            self.follow(sent.reply)

    def delete(self, sent: Sent) -> None:
        """Delete the conversation, in a few rounds."""
        if self.chance.random() < 0.2:
            self.deleted = True
            self.browser.ask("POST", f"/conversations/{sent.conversation}/deletion", {})

    @property
    def hit(self) -> bool:
        """Tell whether the race left a trace."""
        rows = [reply(self.server.database, answered.reply) for answered in self.answers()]
        return super().hit or len(rows) != 1 or {row.state for row in rows if row} != {"complete"}


def quietly(act: Callable[[Sent], None], sent: Sent) -> Callable[[], None]:
    """Ignore an action's failure, as a user's click does if the server stops."""

    def tried() -> None:
        with suppress(OSError):
            act(sent)

    return tried
