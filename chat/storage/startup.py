"""The startup: runs what needs the database as soon as it can be reached; until then the process serves and waits."""

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
"""How often to try the database, in seconds."""

WRONG = "Rivulet can't start: {}"
WAITS = "Waiting for the database ({}). Rivulet starts serving as soon as it is available."
SERVES = "The database is available. Rivulet is serving."

REPLACES = "RIVULET_REPLACES_WORKER"
"""gunicorn.conf.py sets this variable for a worker that replaces another one."""

logger = logging.getLogger(__name__)


class Startup:
    """Runs `bring_up`, which needs the database and returns warnings for the admin.

    A worker that `replaces` another must not end the server, because the other workers still serve.
    """

    def __init__(self, bring_up: Callable[[], list[str]], replaces: bool = False):
        self._bring_up = bring_up
        self.is_done = self._has_said_so = False
        self.warnings: list[str] = []
        self._listeners: list[Callable[[list[str]], None]] = []
        self._awaited = Exception if replaces else DatabaseAway

    def finish(self, seconds: float) -> bool:
        """Try for so many seconds, and return whether it worked. Raises WrongSetting and DatabaseUnusable."""
        deadline = time.monotonic() + seconds
        while not self._attempt() and time.monotonic() < deadline:
            time.sleep(ROUND)
        return self.is_done

    def finish_in_background(self) -> None:
        """Try for as long as it takes; an unusable database ends the process."""
        threading.Thread(target=self._work, name="startup", daemon=True).start()

    def tell(self, listener: Callable[[list[str]], None]) -> None:
        """Call a listener with the warnings, now or once they are known."""
        self._listeners.append(listener)
        if self.is_done:
            listener(self.warnings)

    def _work(self) -> None:
        try:
            self.finish(inf)
        except (WrongSetting, DatabaseUnusable) as error:
            say(WRONG.format(error), sys.stderr)
            os._exit(exits.CANNOT_START)  # the end of this thread alone would stop nothing
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
