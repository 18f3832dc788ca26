"""Files that only their owner may read."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def keep_to_owner(path: Path) -> None:
    """Take a file from everybody but its owner: one that was brought back by `cp` is readable for all."""
    with suppress(OSError):  # it isn't there, or not ours
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
