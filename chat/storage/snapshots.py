"""Copies of a SQLite database: of one moment, whole or not there at all, while others go on writing.

`VACUUM INTO` reads one moment of the log ahead, so that no writer waits for it; SQLite's backup in steps begins anew
whenever another process has written, and never ends while answers stream. What was deleted is in no copy.
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
"""Where copies go, beside the database."""

MOST_COPIES = 3
"""How many of the copies that upgrades made are kept."""


class CopyFailed(Exception):
    """A copy could not be made; the message says why. Nothing half is left."""


def copy_before(database: Path, version: str) -> None:
    """Copy a database before it is brought to a version; of such copies the newest three stay. Raises CopyFailed.

    One process at a time: what another one has left half done is cleared away.
    """
    folder = database.parent / FOLDER
    for half in folder.glob("rivulet-*-before-[0-9]*.part"):
        half.unlink()
    copy(database, timestamped(folder, before=version))
    copies = sorted(folder.glob("rivulet-*-before-[0-9]*.db"), key=lambda path: path.stat().st_mtime_ns)
    for old in copies[:-MOST_COPIES]:
        old.unlink()


def timestamped(folder: Path, before: str = "", ending: str = "db") -> Path:
    """Name a copy that is made now by the time (UTC), and by what it is made before."""
    stem = f"rivulet-{datetime.now(UTC):%Y-%m-%d-%H%M%S}{before and f'-before-{before}'}"
    names = chain([f"{stem}.{ending}"], (f"{stem}-{number}.{ending}" for number in count(2)))
    return next(folder / name for name in names if not (folder / name).exists())


def copy(source: Path, target: Path) -> None:
    """Copy a database, which may be in use, into a new file. Raises CopyFailed."""
    try:
        with closing(connect(source)) as connection:
            copy_from(connection, target)
    except sqlite3.Error as error:
        raise CopyFailed(f"{source} can't be read ({error}).") from error


def copy_from(connection: sqlite3.Connection, target: Path) -> None:
    """Copy what a connection sees into a new file. Raises CopyFailed."""
    with atomic_file(target) as made:
        connection.execute("VACUUM INTO ?", [str(made.absolute())])


def connect(path: Path, mode: str = "rw") -> sqlite3.Connection:
    """Open a database that is there already; with `ro` nothing can be changed."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=10, isolation_level=None)


@contextmanager
def atomic_file(target: Path) -> Iterator[Path]:
    """Hand out an empty file to write to; only when that is done and safe on the disk, it gets the name `target`.

    Its owner alone may read it. What is there already is never written over. Raises CopyFailed.
    """
    made = target.with_name(f"{target.name}.part")
    try:
        create_part(target, made)
    except OSError as error:
        raise CopyFailed(refusal(target, error)) from error
    try:
        yield made
        put_in_place(made, target)
    except (OSError, sqlite3.Error) as error:
        raise CopyFailed(refusal(target, error)) from error
    finally:
        made.unlink(missing_ok=True)


def create_part(target: Path, made: Path) -> None:
    """Make the file to write to, and the folder it is in. Raises OSError where there is one already."""
    if target.exists():
        raise FileExistsError(errno.EEXIST, "is there already", str(target))
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def put_in_place(made: Path, target: Path) -> None:
    """Wait until a file is safe on the disk, then give it its name."""
    sync(made)
    made.rename(target)
    sync(target.parent)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are safe on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def refusal(target: Path, error: Exception) -> str:
    """Say why there is no copy."""
    if isinstance(error, FileExistsError):
        return f"{error.filename} is there already, and nothing is written over."
    reason = error.strerror if isinstance(error, OSError) else error
    return f"No copy could be written to {target} ({reason})."
