"""Run the app and note how much CPU time each greenlet takes between two switches: the check counts CPU, not wall time.

Nothing else changes except the address /burning, which holds the worker as long as a request asks.
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
"""The CPU seconds that a greenlet may hold a worker."""


class Clock:
    """Measures the CPU time of this thread; a turn of `least` seconds or more becomes a line in a file."""

    def __init__(self, file: Path, least: float):
        self.file, self.least = file, least
        self._began = time.thread_time()

    def note(self, event: str, greenlets: tuple[Any, Any]) -> None:
        """Note how long the last greenlet held the worker; greenlet calls this at each switch."""
        held = time.thread_time() - self._began
        if held >= self.least:
            with self.file.open("a") as noted:
                noted.write(f"{held:.3f} {place(greenlets[0].gr_frame)}\n")
        self._began = time.thread_time()


def place(frame: FrameType | None) -> str:
    """Return where a greenlet yielded, with our innermost function last."""
    calls = traceback.extract_stack(frame) if frame else []
    return " > ".join(f"{Path(call.filename).stem}.{call.name}" for call in calls) or "its end"


def create_app() -> Flask:
    """Build the app for gunicorn in the tests."""
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
