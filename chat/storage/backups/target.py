"""The target of a backup or restore: where a database and its copies are, and why a copy is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

from chat.storage.schema import misfit

IN_USE = "The database {} is in use. Stop Rivulet, or the other program, then run this command again."

NOT_EMPTY = "{} isn't empty and won't be overwritten. Use an empty database."


class Refused(Exception):
    """The command did nothing; the message says why and what to do."""


@dataclass(frozen=True)
class Place:
    """A database, the folder for its copies, and the environment for PostgreSQL's programs."""

    url: URL
    folder: Path
    environ: Mapping[str, str]

    @property
    def name(self) -> str:
        """A short name of the database, without its password."""
        return str(self.path) if self.is_sqlite else f"{self.url.database} at {self.url.host or 'this machine'}"

    @property
    def is_sqlite(self) -> bool:
        return self.url.drivername == "sqlite"

    @property
    def path(self) -> Path:
        """The file, if it is SQLite."""
        return Path(self.url.database or "").absolute()


def refuse_unless_known(file: Path, version: str | None) -> None:
    """Raise Refused unless this code can read or upgrade a copy of this version."""
    if not version or not version.isdigit():
        raise Refused(f"{file} isn't a Rivulet backup. Choose a file made by bin/backup.")
    if sentence := misfit(str(file), version):
        raise Refused(sentence)
