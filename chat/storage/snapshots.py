"""Snapshots: complete copies of a SQLite database at one moment, while others go on writing.

`VACUUM INTO` reads one moment of the write-ahead log, so that no writer waits. SQLite's stepwise backup restarts after
each write of another process, and would never end while answers stream. Copies hold no deleted data.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path

FOLDER = "backups"
"""The folder of copies, beside the database."""

MOST_COPIES = 3
"""How many copies from upgrades to keep."""


class CopyFailed(Exception):
    """A copy could not be made; the message says why. No partial file remains."""


def copy_before(database: Path, version: str) -> None:
    """Copy a database before an upgrade to a version, and keep the newest copies. Raises CopyFailed.

    The caller lets one process in at a time, so partial files of others are leftovers.
    """
    folder = database.parent / FOLDER
    for half in folder.glob("rivulet-*-before-[0-9]*.part"):
        half.unlink()
    copy(database, timestamped(folder, before=version))
    copies = sorted(folder.glob("rivulet-*-before-[0-9]*.db"), key=lambda path: path.stat().st_mtime_ns)
    for old in copies[:-MOST_COPIES]:
        old.unlink()


def timestamped(folder: Path, before: str = "", ending: str = "db") -> Path:
    """Name a new copy by the time (UTC) and by what it comes before."""
    stem = f"rivulet-{datetime.now(UTC):%Y-%m-%d-%H%M%S}{before and f'-before-{before}'}"
    names = chain([f"{stem}.{ending}"], (f"{stem}-{number}.{ending}" for number in count(2)))
    return next(folder / name for name in names if not (folder / name).exists())


def copy(source: Path, target: Path) -> None:
    """Copy a database, even one in use, into a new file. Raises CopyFailed."""
    try:
        with closing(connect(source)) as connection:
            copy_from(connection, target)
    except sqlite3.Error as error:
        raise CopyFailed(f"Can't read {source} ({error}).") from error


def copy_from(connection: sqlite3.Connection, target: Path) -> None:
    """Copy the database of a connection into a new file. Raises CopyFailed."""
    with atomic_file(target) as made:
        connection.execute("VACUUM INTO ?", [str(made.absolute())])


def connect(path: Path, mode: str = "rw") -> sqlite3.Connection:
    """Open an existing database; mode `ro` is read-only."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=10, isolation_level=None)


@contextmanager
def atomic_file(target: Path) -> Iterator[Path]:
    """Yield an empty, private file to write to, and rename it to `target` once it is safe on disk.

    Never overwrites a file. Raises CopyFailed.
    """
    made = target.with_name(f"{target.name}.part")
    try:
        if target.exists():
            raise FileExistsError(errno.EEXIST, "already exists", str(target))
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise CopyFailed(refusal(target, error)) from error
    try:
        yield made
        sync(made)
        made.rename(target)
        sync(target.parent)
    except (OSError, sqlite3.Error) as error:
        raise CopyFailed(refusal(target, error)) from error
    finally:
        made.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are safe on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def refusal(target: Path, error: Exception) -> str:
    if isinstance(error, FileExistsError):
        return f"{error.filename} already exists and won't be overwritten."
    reason = error.strerror if isinstance(error, OSError) else error
    return f"Couldn't write the backup to {target} ({reason})."
