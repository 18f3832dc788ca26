"""Replies: a process writes, stores and follows answers."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import product
from math import inf

from chat.conversations import Turn, queue
from chat.metrics import Metrics
from chat.people.rate_limits import UNLIMITED, Limits
from chat.providers.base import AbstractProvider
from chat.replies import adoption, log
from chat.replies.follower import Follower
from chat.replies.generation import Generation, error_kinds
from chat.replies.live import OwnedReply
from chat.replies.reader import Reader
from chat.replies.writer import Writer
from chat.server.logs import report
from chat.storage import leases
from chat.storage.database import Database, DatabaseAway
from chat.storage.leases import Adoption

__all__ = ["Follower", "Replies"]

BUSY = "The server is busy. Try again in a moment."

logger = logging.getLogger(__name__)


class Replies:
    """All replies of this process: it starts, stops and follows them, and hands them to other processes at its end."""

    def __init__(
        self,
        database: Database,
        providers: Mapping[str, AbstractProvider],
        metrics: Metrics,
        limits: Limits = UNLIMITED,
    ):
        self.database = database
        self.limits = limits
        self.providers = providers
        self.metrics = metrics
        self.writer = Writer(database, self.metrics)
        self.reader = Reader(database)
        self.draining = self.drained = False

    def count_errors_of(self, names: Iterable[str]) -> None:
        """Count the errors of these providers by name; all workers of a server must pass the same list."""
        self.metrics.provider_errors.expect(product(names, error_kinds()))

    def watch(self) -> None:
        """Look for replies whose worker is gone, and for messages whose turn has come, in the background."""
        adoption.Adopter(self.database, self.adopt, self.send_queued).start()

    def adopt(self, trusted: bool = True) -> None:
        """Go on with released replies and, if leases are `trusted`, with replies whose lease has expired."""
        if not self.draining:
            adoption.adopt(self.database, self.resume, trusted)

    def resume(self, reply: Adoption, owner: str) -> None:
        """Go on with an adopted reply after its stored text. Raises DatabaseAway."""
        said = log.read_pieces(self.database, reply.id)
        self._write(OwnedReply(reply.id, owner, said.text, reply.attempts, said.thoughts))

    def start(self, turn: Turn) -> None:
        """Write the reply of a turn in the background, if this process owns it."""
        if turn.owner is None:
            return
        if self.drained:
            with self.database.write() as connection:
                leases.release(connection, {turn.reply_id: turn.owner})
        else:
            self._write(OwnedReply(turn.reply_id, turn.owner, [turn.stored] if turn.stored else []))

    def send_queued(self, reply_id: int | None = None) -> None:
        """Send the message that waited for a reply, or all whose reply is complete. Raises DatabaseAway."""
        for due in [] if self.draining else queue.list_due(self.database, reply_id):
            try:
                if turn := queue.send_due(self.database, self.limits, due):
                    self.start(turn)
            except DatabaseAway:
                raise
            except Exception as error:  # the others go on
                report(logger, f"the message that waits in conversation {due.conversation_id}", error)

    def _write(self, reply: OwnedReply) -> None:
        self.writer.add(reply)
        if self.drained:  # since the caller looked: others would only come when the lease has expired
            self.writer.drain()
            return
        generation = Generation(self.writer, reply, self.providers)
        try:
            threading.Thread(target=generation.run, name=f"reply {reply.id}", daemon=True).start()
        except RuntimeError:  # the machine gives no more threads
            generation.fail(BUSY)

    def stop(self, reply_id: int) -> None:
        """Stop a reply, whichever process writes it."""
        if owned := self.writer.find(reply_id):
            owned.stop()
        else:
            leases.ask_to_stop(self.database, reply_id)

    def cancel(self, reply_ids: list[int]) -> None:
        """Stop writing deleted replies."""
        for reply_id in reply_ids:
            if owned := self.writer.find(reply_id):
                owned.stop()

    def follow(self, reply_id: int, span: float = inf) -> Follower:
        """Follow a reply from its beginning for at most `span` seconds; for none if this process is drained."""
        return Follower(self.reader, reply_id, self.writer.find(reply_id), 0 if self.drained else span)

    def both_so_far(self, reply_id: int) -> tuple[str, str]:
        """Read the stored text and reasoning of an unfinished reply: another process can have shown more of it."""
        pieces = log.read_pieces(self.database, reply_id)
        return "".join(pieces.text), "".join(pieces.thoughts)

    def so_far(self, reply_id: int) -> str:
        return self.both_so_far(reply_id)[0]

    def reasoning_so_far(self, reply_id: int) -> str:
        return self.both_so_far(reply_id)[1]

    def drain(self, patience: float, listening: Callable[[], bool] = bool) -> None:
        """Let answers that are written or followed here run for `patience` seconds, then hand them to other processes.

        A process that is still `listening` accepts new messages, so the drain lasts the whole time.
        """
        self.draining = True
        deadline = time.monotonic() + patience
        while (listening() or self.writer.is_busy() or self.reader.is_busy()) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.drained = True
        self.writer.drain()
        self.reader.drain()
