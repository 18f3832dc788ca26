"""Readiness: a process can serve if it has started, isn't stopping, and its database is up to date."""

from __future__ import annotations

import threading
from collections.abc import Callable

from chat.replies import Replies
from chat.storage.database import Database, DatabaseAway

ANSWER_TIMEOUT = 3.0
"""How many seconds the database can take to answer."""

SHUTTING_DOWN = "Shutting down; not accepting new work."
NOT_STARTED = "Still starting; waiting for the database."
NO_ANSWER = f"The database didn't respond within {ANSWER_TIMEOUT:.0f} seconds."
UNUSABLE = "The database is unavailable."
OLD_SCHEMA = "The database needs an upgrade. Restart Rivulet to run it."


class Readiness:
    """Asks the database on demand, one question at a time: questions to one that hangs would pile up."""

    def __init__(self, database: Database, replies: Replies):
        self.database = database
        self.replies = replies
        self.is_started: Callable[[], bool] = lambda: True
        self._question: Question | None = None

    def problem(self) -> str:
        """Return why this process can't serve; empty if it can. Wait for ANSWER_TIMEOUT at most."""
        if self.replies.draining:
            return SHUTTING_DOWN
        if not self.is_started():
            return NOT_STARTED
        question = self._question
        if question is None or not question.is_alive():
            question = self._question = Question(self.database)
            question.start()
        question.join(ANSWER_TIMEOUT)
        return question.answer


class Question(threading.Thread):
    """One question to the database; the asker needn't wait for its end."""

    def __init__(self, database: Database):
        super().__init__(name="readiness", daemon=True)
        self.database = database
        self.answer = NO_ANSWER

    def run(self) -> None:
        try:
            self.answer = "" if self.database.is_current() else OLD_SCHEMA
        except DatabaseAway as error:
            self.answer = str(error)
        except Exception:
            self.answer = UNUSABLE
