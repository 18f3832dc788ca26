"""Backups made while answers stream, their restore, and a move to another database.

bin/backup, bin/restore and bin/move call this.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sqlalchemy.engine import make_url

from chat import config
from chat.storage import backup_stamp, engines
from chat.storage.backups import transfer
from chat.storage.backups.endpoints import kind_of
from chat.storage.backups.target import Place, Refused
from chat.storage.engines import DatabaseUnusable
from chat.storage.snapshots import FOLDER, CopyFailed, timestamped

MOVES_TO = "RIVULET_MOVES_TO"
"""The variable in which bin/move passes its argument."""


def backup(environ: Mapping[str, str], arguments: Sequence[str]) -> int:
    """Copy the database to a file, by default named by the time; return the exit code."""
    return report(make, environ, arguments)


def restore(environ: Mapping[str, str], arguments: Sequence[str]) -> int:
    """Put a copy in the database's place and keep the old data aside; return the exit code."""
    return report(bring_back, environ, arguments)


def move(environ: Mapping[str, str]) -> int:
    """Copy the database into the empty one that RIVULET_MOVES_TO names; return the exit code."""
    return report(relocate, environ, [])


def report(do: Callable[..., str], environ: Mapping[str, str], arguments: Sequence[str]) -> int:
    """Run a command, print its outcome and return the exit code."""
    try:
        print(do(place_of(environ), *map(Path, arguments)))
    except (config.WrongSetting, DatabaseUnusable, CopyFailed, Refused) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted. Nothing was changed.", file=sys.stderr)
        return 130
    return 0


def place_of(environ: Mapping[str, str]) -> Place:
    """Find the database of an environment. Raises WrongSetting and DatabaseUnusable."""
    settings = config.load(environ)
    file = engines.file_of(settings)
    beside = file.parent if file else settings.instance
    return Place(make_url(engines.url_of(settings)), beside / FOLDER, environ)


def make(place: Place, target: Path | None = None) -> str:
    """Copy the database; return what to print. Raises CopyFailed and Refused."""
    kind = kind_of(place)
    target = target or timestamped(place.folder, ending=kind.ENDING)
    kind.backup(place, target)
    backup_stamp.leave(place.url.render_as_string(hide_password=False))
    return f"Backup saved to {target} ({target.stat().st_size / 1e6:.1f} MB)."


def bring_back(place: Place, file: Path) -> str:
    """Put a copy in place; return what to print. Raises CopyFailed and Refused."""
    if not file.is_file():
        raise Refused(f"File not found: {file}. Use a file made by bin/backup.")
    kept = kind_of(place).restore(place, file)
    return f"Restored {file}." + (f" The previous database was kept as {kept}" if kept else "")


def relocate(place: Place) -> str:
    """Copy a database into the one that its environment names; return what to print. Raises Refused."""
    target = place_of({"DATABASE_URL": place.environ[MOVES_TO], "PATH": place.environ.get("PATH", "")})
    return transfer.move(place, target, sys.stderr)
