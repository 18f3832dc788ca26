"""Backups: a copy of all that is stored, made while answers stream, and the way back. bin/backup and bin/restore."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from chat import config, engines
from chat.backups import postgres, sqlite
from chat.backups.place import Place, Refused
from chat.copies import FOLDER, CopyFailed, dated
from chat.engines import DatabaseUnusable


def backup(environ: Mapping[str, str], arguments: Sequence[str]) -> int:
    """Copy the database to a file, by default one that is named by the time; gives the exit code."""
    return said(make, environ, arguments)


def restore(environ: Mapping[str, str], arguments: Sequence[str]) -> int:
    """Put a copy in the database's place, and keep aside what was there; gives the exit code."""
    return said(bring_back, environ, arguments)


def said(do: Callable[..., str], environ: Mapping[str, str], arguments: Sequence[str]) -> int:
    """Do something and say its outcome: a sentence, and 0 or 1."""
    try:
        print(do(place_of(environ), *map(Path, arguments)))
    except (config.WrongSetting, DatabaseUnusable, CopyFailed, Refused) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def place_of(environ: Mapping[str, str]) -> Place:
    """Find the database of an environment. Raises WrongSetting and DatabaseUnusable."""
    settings = config.load(environ)
    file = engines.file_of(settings)
    beside = file.parent if file else settings["INSTANCE"]
    return Place(make_url(engines.url_of(settings)), beside / FOLDER, environ)


def make(place: Place, target: Path | None = None) -> str:
    """Copy the database; gives what to say. Raises CopyFailed and Refused."""
    kind = kind_of(place)
    target = target or dated(place.folder, ending=kind.ENDING)
    kind.backup(place, target)
    return f"All that is stored is copied to {target} ({target.stat().st_size / 1e6:.1f} MB)."


def bring_back(place: Place, file: Path) -> str:
    """Put a copy in place; gives what to say. Raises CopyFailed and Refused."""
    if not file.is_file():
        raise Refused(f"There is no file {file}. Name one that bin/backup made.")
    kept = kind_of(place).restore(place, file)
    return f"{file} is in place." + (f" What was there before is kept: {kept}" if kept else "")


def kind_of(place: Place) -> Any:
    """Give what knows the database's kind."""
    return sqlite if place.url.drivername == "sqlite" else postgres
