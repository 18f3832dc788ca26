"""Looking for the mark of the suite's secrets in texts, files and databases; tests/canary.py says when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.marked import MARK
from tests.postgres import Postgres

KEPT = {"secret_key", ".env"}
"""Files that are there to hold a secret: the key that is kept on loopback, and settings that somebody wrote down."""

MOST = 64 * 1024 * 1024
"""The largest file, in bytes, that is looked through."""

found: list[str] = []
"""Where the mark was seen since it was last asked for."""

searched: Counter[str] = Counter()
"""What was looked through since it was last counted."""


def look(where: str, text: str | bytes) -> None:
    """Look for the mark in something."""
    if MARK.encode() in (text.encode(errors="replace") if isinstance(text, str) else text):
        found.append(where)


def look_in(folder: Path) -> None:
    """Look through the files of a folder."""
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # SQLite's logs go with the last connection, which a thread may just close
            if path.is_file() and not path.is_symlink() and path.name not in KEPT and path.stat().st_size < MOST:
                look(f"the file {path.relative_to(folder)}", path.read_bytes())
                searched["files"] += 1


def look_in_databases(server: Postgres) -> None:
    """Look through all that the databases of a server hold, and what it wrote."""
    for table, rows in server.contents():
        look(f"the table {table}", rows)
        searched["tables of Postgres"] += 1
    look("the log of Postgres", server.log.read_bytes())


@contextmanager
def watching(*folders: Path) -> Iterator[None]:
    """Fail what shows a secret meanwhile, or leaves one in a folder."""
    found.clear()
    yield
    for folder in folders:
        look_in(folder)
    complain()


@contextmanager
def watching_databases(server: Postgres) -> Iterator[None]:
    """Fail what leaves a secret in a database of a server, or in its log."""
    yield
    look_in_databases(server)
    complain()


def complain() -> None:
    """Raise AssertionError where a secret was seen."""
    seen = sorted(set(found))
    found.clear()
    assert seen == [], f"A secret was shown in {', '.join(seen)}."
