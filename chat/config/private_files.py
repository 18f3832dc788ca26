"""Files that only their owner can read."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def restrict_to_owner(path: Path) -> None:
    """Remove other users' rights to a file: `cp` can restore one that everyone can read."""
    with suppress(OSError):  # it is missing, or belongs to another user
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
