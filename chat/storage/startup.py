"""The start: what needs the database is done as soon as it can be reached; until then the process serves and waits."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from math import inf

from chat.config import WrongSetting
from chat.server import exits
from chat.server.console import say
from chat.server.logs import report
from chat.storage.database import DatabaseAway
from chat.storage.engines import DatabaseUnusable

ROUND = 1.0
"""How often the database is tried, in seconds."""

WRONG = "Rivulet can't start: {}"
WAITS = "Rivulet waits for its database ({}). It starts to serve when the database is there."
SERVES = "The database is there: Rivulet serves now."

REPLACES = "RIVULET_REPLACES_WORKER"
"""What gunicorn.conf.py sets for a worker that takes another one's place."""


logger = logging.getLogger(__name__)


class Startup:
    """Does what needs the database; `bring_up` gives what to tell the person who set this up.

    A worker that `replaces` another must not end the server, because the other workers still serve.
    """

    def __init__(self, bring_up: Callable[[], list[str]], replaces: bool = False):
        self._bring_up = bring_up
        self.is_done = self._has_said_so = False
        self.warnings: list[str] = []
        self._listeners: list[Callable[[list[str]], None]] = []
        self._awaited = Exception if replaces else DatabaseAway

    def finish(self, seconds: float) -> bool:
        """Try for so many seconds; False where the database wasn't there. Raises WrongSetting and DatabaseUnusable."""
        deadline = time.monotonic() + seconds
        while not self._attempt() and time.monotonic() < deadline:
            time.sleep(ROUND)
        return self.is_done

    def finish_in_background(self) -> None:
        """Try for as long as it takes; what can't be used ends the process."""
        threading.Thread(target=self._work, name="startup", daemon=True).start()

    def tell(self, listener: Callable[[list[str]], None]) -> None:
        """Tell somebody the warnings: now, or once they are known."""
        self._listeners.append(listener)
        if self.is_done:
            listener(self.warnings)

    def _work(self) -> None:
        try:
            self.finish(inf)
        except (WrongSetting, DatabaseUnusable) as error:
            say(WRONG.format(error), sys.stderr)
            os._exit(exits.CANNOT_START)  # this thread's own end would be nobody's
        except Exception as error:
            report(logger, "the start", error)
            os._exit(exits.START_BROKE)
        say(SERVES, sys.stderr)
        for listener in self._listeners:
            listener(self.warnings)

    def _attempt(self) -> bool:
        try:
            self.warnings = self._bring_up()
            self.is_done = True
        except self._awaited as error:
            if not self._has_said_so:
                say(WAITS.format(error.reason if isinstance(error, DatabaseAway) else error), sys.stderr)
            self._has_said_so = True
        return self.is_done
