"""Run a wave: many rounds at once on one server, a blow that hurts them all, and a check of the promises."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence

from chat.conversations import queue
from chat.replies import log
from tests.faults.rounds.blows import Blow
from tests.faults.rounds.journal import Journal, repeated, traces, wordy
from tests.faults.rounds.kinds import LENGTH, Round
from tests.faults.rounds.stage import Stage
from tests.faults.rounds.watches import Health, Stored

PATIENCE = 90.0
"""How many seconds after a blow all answers must have ended."""


class Wave:
    """Some rounds and a blow."""

    def __init__(self, stage: Stage, blow: Blow, rounds: Sequence[Round]):
        self.stage, self.server = stage, stage.server
        self.blow, self.rounds = blow, rounds
        self.before = set(stage.server.workers())
        self.journal = Journal(stage.server.log)

    def run(self) -> list[str]:
        """Play the wave; return the broken promises."""
        with Stored(self.stage) as stored, Health(self.stage) as health:
            with self.blow.around():
                self._play()
                found = list(self._until_ended())
            health.until_ready()
            found += self.blow.found
            for round_ in self.rounds:
                found += round_.check(self.blow.spares(round_.worker))
            found += self._check_workers()
        return [*found, *sorted(stored.found | health.found), *self._check_log()]

    def _play(self) -> None:
        playing = [threading.Thread(target=round_.play) for round_ in self.rounds]
        for each in playing:
            each.start()
        time.sleep(self.stage.chance.uniform(0, LENGTH))
        owners = self.server.owners()
        for round_ in self.rounds:
            round_.note_blow(self.blow, owners)
        self.blow.strike()
        for each in playing:
            each.join()

    def _until_ended(self) -> Iterator[str]:
        deadline = time.monotonic() + PATIENCE
        for page in [page for round_ in self.rounds for page in round_.pages]:
            if not page.over.wait(max(0.1, deadline - time.monotonic())):
                yield f"reply {page.reply_id}: its page never came to an end"
            page.leave()
        # Unwatched answers end, too: their post was lost with the server, or a user continued them.
        while self._goes_on() and time.monotonic() < deadline:
            time.sleep(0.1)

    def _goes_on(self) -> bool:
        database = self.server.database
        with database.read():
            return log.count_generating(database) > 0 or bool(queue.list_due(database))

    def _check_workers(self) -> Iterator[str]:
        if lost := self.before - self.blow.dead - set(self.server.workers()):
            yield f"{len(lost)} workers ended that nobody had hurt"

    def _check_log(self) -> Iterator[str]:
        lines = self.journal.lines()
        yield from traces(lines)
        yield from repeated(lines)
        if self.blow.is_outage:
            yield from wordy(lines, processes=len(self.before | set(self.server.workers())))
