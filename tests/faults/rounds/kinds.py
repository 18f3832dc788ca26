"""Rounds: one conversation each, and what happens to it alone."""

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
from tests.faults.harness import Answered, Server, answers_to, reply, violations, words_stored
from tests.faults.model import question
from tests.faults.person import Person
from tests.faults.rounds.blows import Blow
from tests.faults.rounds.stage import Stage
from tests.faults.rounds.visitor import Visitor

WORDS = 60
PAUSE = 0.05
LENGTH = WORDS * PAUSE
"""How long an answer takes, in seconds."""

PATIENCE = 180.0
"""How long a person keeps at it, in seconds: longer than any outage."""


class Round:
    """One conversation; nothing happens to it but what hurts the whole wave.

    `worker` writes its answer, as far as that is known; `struck` tells that the database was hurt meanwhile.
    """

    undisturbed = True
    """Whether its answers have to be complete."""

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
        """Count the messages of a text of this round; None where the database can't be asked."""
        with suppress(SQLAlchemyError, DatabaseAway):
            return len({answered.question for answered in self.answers() if answered.text == text})
        return None

    def play(self) -> None:
        """Begin, and let happen what is of this kind; what goes wrong is found."""
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
        """Watch a reply."""
        self.pages.append(self.browser.follow(reply_id))

    def happen(self) -> None:
        """Let happen what is of this kind."""

    def note_blow(self, blow: Blow, owners: dict[int, int]) -> None:
        """Note how things stand when the blow comes; `owners` tells which worker talks from which port."""
        self.worker = owners.get(self.server.model.askers.get(self.name, 0))
        writing = not self.pages or any(not page.over.is_set() for page in self.pages)
        self.struck = blow.lasts or (writing and (blow.is_outage or blow.silent))

    def answers(self) -> list[Answered]:
        """List what is stored of this round's questions and answers."""
        return answers_to(self.server.database, self.name)

    def check(self, spared: bool) -> Iterator[str]:
        """Complain of broken promises; `spared` tells that no worker of this round was hurt."""
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
        # Continue begins the count of adoptions anew: one call of its own, and one that may have been counted before.
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
        """Tell whether the answer noticed anything."""
        again = any(len(page.received) > 1 for page in self.pages)
        return again or self.adopted > 0 or self.struck

    @property
    def adopted(self) -> int:
        """Count how often its answers were adopted."""
        rows = [reply(self.server.database, answered.reply) for answered in self.answers()]
        return sum(row.attempts for row in rows if row)


class Cut(Round):
    """The browser's connection is cut at a random byte."""

    def follow(self, reply_id: int) -> None:
        """Watch a reply on a connection that will be cut."""
        self.pages.append(self.browser.follow(reply_id, self.chance.randint(1, 12_000)))


class Race(Round):
    """Stop, Try again, Continue and deletion race with the answer's end."""

    undisturbed = False

    def happen(self) -> None:
        """Let a race begin at a random moment of the answer, near its end above all."""
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
        """Stop the answer."""
        self.browser.post(f"/replies/{sent.reply}/stop")

    def retry(self, sent: Sent) -> None:
        """Ask for another answer, and watch it."""
        for number in replies_in(self.browser.post(f"/replies/{sent.reply}/retry").body):
            self.follow(number)

    def go_on(self, sent: Sent) -> None:
        """Continue an answer that was stopped."""
        time.sleep(self.chance.random())
        self.continued += 1
        if self.browser.post(f"/replies/{sent.reply}/continue").status == 200:
            self.follow(sent.reply)

    def delete(self, sent: Sent) -> None:
        """Delete the conversation, in few rounds."""
        if self.chance.random() < 0.2:
            self.deleted = True
            self.browser.ask("POST", f"/conversations/{sent.conversation}/deletion", {})

    @property
    def hit(self) -> bool:
        """Tell whether the race left a trace."""
        rows = [reply(self.server.database, answered.reply) for answered in self.answers()]
        return super().hit or len(rows) != 1 or {row.state for row in rows if row} != {"complete"}


def quietly(act: Callable[[Sent], None], sent: Sent) -> Callable[[], None]:
    """Let an act fail as a click does whose server goes away."""

    def tried() -> None:
        with suppress(OSError):
            act(sent)

    return tried
