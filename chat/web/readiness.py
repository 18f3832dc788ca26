"""Whether this process can serve: it isn't leaving, and its database answers and is up to date."""

from __future__ import annotations

import threading
from collections.abc import Callable

from chat.replies import Replies
from chat.storage.database import Database, DatabaseAway

PATIENCE = 3.0
"""How long the database may take to answer, in seconds."""

LEAVING = "This process is being stopped and begins nothing new."
STARTING = "The start isn't done: it waits for the database."
SILENT = f"The database doesn't answer within {PATIENCE:.0f} seconds."
UNUSABLE = "The database can't be used."
OUTDATED = "The database is not up to date. Start Rivulet anew, which brings it there."


class Readiness:
    """Asks the database when somebody wants to know, one question at a time: those to one that hangs would pile up."""

    def __init__(self, database: Database, replies: Replies):
        self.database = database
        self.replies = replies
        self.is_started: Callable[[], bool] = lambda: True
        self._question: Question | None = None

    def problem(self) -> str:
        """Say why this process can't serve; nothing where it can. Takes PATIENCE seconds at most."""
        if self.replies.draining:
            return LEAVING
        if not self.is_started():
            return STARTING
        question = self._question
        if question is None or not question.is_alive():
            question = self._question = Question(self.database)
            question.start()
        question.join(PATIENCE)
        return question.answer


class Question(threading.Thread):
    """One question to the database; who asks need not wait for its end."""

    def __init__(self, database: Database):
        super().__init__(name="readiness", daemon=True)
        self.database = database
        self.answer = SILENT

    def run(self) -> None:
        """Find out whether the database can be used."""
        try:
            self.answer = "" if self.database.is_current() else OUTDATED
        except DatabaseAway as error:
            self.answer = str(error)
        except Exception:
            self.answer = UNUSABLE
