"""Messages to the terminal that started the server, if there still is one."""

from __future__ import annotations

import contextlib
import sys
from typing import TextIO

LOST = (OSError, ValueError)
"""Errors of writing: the disk is full, or nobody reads."""


def say(text: str, stream: TextIO | None) -> None:
    """Print a line at once; do nothing if that fails."""
    with contextlib.suppress(*LOST):
        print(text, file=stream, flush=True)


def drop_broken_streams() -> None:
    """Drop streams that can't be written: text left in their buffers makes Python exit with 120."""
    for name in ("stdout", "stderr"):
        try:
            getattr(sys, name).flush()
        except (*LOST, AttributeError):
            setattr(sys, name, None)
