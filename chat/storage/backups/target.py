"""Where a database and its copies are, and why a copy is not taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

from chat.storage.schema import misfit

IN_USE = "Rivulet, or another program, has the database {} open. Stop it, then type this command again."

NOT_EMPTY = "{} isn't empty, and nothing is written over. Name an empty database."


class Refused(Exception):
    """Nothing was done; the message says why and what to do."""


@dataclass(frozen=True)
class Place:
    """A database, the folder where its copies go, and the environment for programs that are asked for help."""

    url: URL
    folder: Path
    environ: Mapping[str, str]

    @property
    def name(self) -> str:
        """What people know a database by; without the password, and what else is in its address."""
        return str(self.path) if self.is_sqlite else f"{self.url.database} at {self.url.host or 'this machine'}"

    @property
    def is_sqlite(self) -> bool:
        """Whether it is SQLite; else it is Postgres."""
        return self.url.drivername == "sqlite"

    @property
    def path(self) -> Path:
        """The file of a SQLite database."""
        return Path(self.url.database or "").absolute()


def refuse_unless_known(file: Path, version: str | None) -> None:
    """Take copies that this code can read or bring up to date. Raises Refused."""
    if not version or not version.isdigit():
        raise Refused(f"{file} is no copy of a database of Rivulet. Name one that bin/backup made.")
    if sentence := misfit(str(file), version):
        raise Refused(sentence)
