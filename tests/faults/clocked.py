"""The app with a note of each time that a greenlet held its worker: CPU time between two switches, counted, not timed.

Nothing else is changed but for one address, /burning, that holds the worker for as long as it is asked to.
"""

from __future__ import annotations

import os
import time
import traceback
from pathlib import Path
from types import FrameType
from typing import Any

import greenlet
from flask import Flask

import app

MOST = 0.1
"""How long, in seconds of CPU time, nothing may hold a worker."""


class Clock:
    """Counts the CPU time of this thread; what comes to `least` seconds or more is a line in a file."""

    def __init__(self, file: Path, least: float):
        self.file, self.least = file, least
        self._began = time.thread_time()

    def note(self, event: str, greenlets: tuple[Any, Any]) -> None:
        """Note how long the greenlet that gave way had the worker; greenlet calls this at each switch."""
        held = time.thread_time() - self._began
        if held >= self.least:
            with self.file.open("a") as noted:
                noted.write(f"{held:.3f} {place(greenlets[0].gr_frame)}\n")
        self._began = time.thread_time()


def place(frame: FrameType | None) -> str:
    """Say where a greenlet gave way, the innermost function of ours last."""
    calls = traceback.extract_stack(frame) if frame else []
    return " > ".join(f"{Path(call.filename).stem}.{call.name}" for call in calls) or "its end"


def create_app() -> Flask:
    """Make the app as gunicorn is told to by the tests."""
    made = app.create_app()
    made.add_url_rule("/burning/<float:seconds>", view_func=burn)
    clock = Clock(Path(os.environ["HELD"]), float(os.environ["LEAST"]))
    greenlet.settrace(clock.note)
    return made


def burn(seconds: float) -> str:
    """Hold the worker."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass
    return "Done.\n"
