"""What a server says to whoever started it, where anybody can hear it."""

from __future__ import annotations

import contextlib
import sys
from typing import TextIO

LOST = (OSError, ValueError)
"""What is raised where nothing can be written: the disk is full, or nobody reads."""


def say(text: str, stream: TextIO | None) -> None:
    """Write a line at once, or go on without it."""
    with contextlib.suppress(*LOST):
        print(text, file=stream, flush=True)


def drop_broken_streams() -> None:
    """Give up streams that can't be written to: words that are left there would have Python end with the code 120."""
    for name in ("stdout", "stderr"):
        try:
            getattr(sys, name).flush()
        except (*LOST, AttributeError):
            setattr(sys, name, None)
