"""Backup and restore of SQLite.

SQLite itself restores a copy in one transaction into the existing file. So after a crash the file holds the old or the
new data, and no stale write-ahead log lies beside it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import cast

from sqlalchemy import Connection

from chat.storage import snapshots
from chat.storage.backups.target import IN_USE, NOT_EMPTY, Place, Refused, refuse_unless_known
from chat.storage.engines import make_file
from chat.storage.snapshots import connect, timestamped

ENDING = "db"
OURS = {"alembic_version", "people", "sessions", "conversations", "messages", "replies", "pieces"}


def backup(place: Place, target: Path) -> None:
    """Copy the database to a file. Raises CopyFailed and Refused."""
    require_there(place)
    snapshots.copy(place.path, target)


def restore(place: Place, file: Path) -> Path | None:
    """Put a copy in the database's place; return where the old data is kept. Raises CopyFailed and Refused."""
    if place.path.exists() and place.path.samefile(file):
        raise Refused(f"{file} is the live database. Choose a backup file.")
    refuse_unless_whole(file)
    prepare(place)
    with closing(connect(place.path)) as present, closing(connect(file, "ro")) as copy:
        try:
            claim(present)
            kept = keep(present, place)
            copy.backup(present)
        except sqlite3.Error as error:
            raise Refused(why_not(place, error)) from error
    return kept


def require_there(place: Place) -> None:
    if not place.path.exists():
        raise Refused(f"No database at {place.path} yet; nothing to copy.")


def require_empty(place: Place) -> None:
    if not place.path.exists():
        return
    try:
        with closing(connect(place.path, "ro")) as present:
            tables = present.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        raise Refused(why_not(place, error)) from error
    if tables:
        raise Refused(NOT_EMPTY.format(place.name))


def shut_out_others(place: Place, connection: Connection) -> None:
    """Claim a database for one connection until that is closed. Raises Refused."""
    try:
        claim(cast(sqlite3.Connection, connection.connection.driver_connection))
    except sqlite3.Error as error:
        raise Refused(why_not(place, error)) from error


def keep_still(connection: Connection) -> None:
    """Do nothing: `shut_out_others` has left nobody who could change anything."""


def refuse_unless_whole(file: Path) -> None:
    """Raise Refused unless a file is an undamaged database of Rivulet, of a known version."""
    try:
        with closing(connect(file, "ro")) as copy:
            tables = {name for (name,) in copy.execute("SELECT name FROM sqlite_master")}
            version = copy.execute("SELECT version_num FROM alembic_version").fetchone() if tables >= OURS else None
            refuse_unless_known(file, version and version[0])
            (complaint,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        raise Refused(f"Can't read {file} ({error}). Choose another backup.") from error
    if complaint != "ok":
        raise Refused(f"{file} is damaged ({complaint.splitlines()[-1]}). Choose another backup.")


def prepare(place: Place) -> None:
    """Make the file for the copy, if it is missing. Raises Refused."""
    try:
        place.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_file(place.url)
    except OSError as error:
        raise Refused(f"Can't write to {place.path} ({error.strerror}). Nothing was changed.") from error


def claim(present: sqlite3.Connection) -> None:
    """Lock a database for this connection. Raises sqlite3.OperationalError if anybody else has it open.

    Each connection of a server, even an idle one, holds the write-ahead log, and only the last one can end that.
    """
    present.execute("PRAGMA busy_timeout = 1000")
    present.execute("PRAGMA journal_mode = DELETE")
    present.execute("PRAGMA locking_mode = EXCLUSIVE")
    present.executescript("BEGIN EXCLUSIVE; COMMIT")


def why_not(place: Place, error: sqlite3.Error) -> str:
    """Write why a database can't be replaced, and what to do."""
    if "locked" in str(error):
        return IN_USE.format(place.name)
    if isinstance(error, sqlite3.OperationalError):
        return f"Can't write to {place.path} ({error}). Nothing was changed."
    return (
        f"The live database {place.path} is damaged ({error}). "
        "Move it and its -wal and -shm files away, then try again."
    )


def keep(present: sqlite3.Connection, place: Place) -> Path | None:
    """Copy a database, unless it is empty. Raises CopyFailed."""
    if not present.execute("SELECT 1 FROM sqlite_master").fetchone():
        return None
    kept = timestamped(place.folder, before="restore")
    snapshots.copy_from(present, kept)
    return kept
