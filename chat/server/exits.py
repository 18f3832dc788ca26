"""The server's exit codes. docs/operating.md lists all of them."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from chat.server.console import drop_broken_streams, say

CANNOT_START = 3
"""A setting is wrong. Starting again won't help."""

PORT_TAKEN = 4
"""Another program holds the port."""

START_BROKE = os.EX_SOFTWARE
"""The start failed with an unexpected error. It can be temporary."""

NOT_YET = os.EX_TEMPFAIL
"""Something outside isn't ready, such as the network or the database. Starting it again later helps."""


def refuse(sentence: str, code: int = CANNOT_START) -> NoReturn:
    """Print a sentence to the standard error and exit."""
    say(sentence, sys.stderr)
    drop_broken_streams()
    sys.exit(code)
