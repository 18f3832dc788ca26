"""Search texts, files and databases for the mark of the tests' secrets; tests/canary.py decides when."""

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
    """Search a text; note where it was if it contains the mark."""
    if MARK.encode() in (text.encode(errors="replace") if isinstance(text, str) else text):
        found.append(where)


def look_in(folder: Path) -> None:
    """Search the files of a folder."""
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # SQLite's logs go with the last connection, which a thread may just close
            if path.is_file() and not path.is_symlink() and path.name not in KEPT and path.stat().st_size < MOST:
                look(f"the file {path.relative_to(folder)}", path.read_bytes())
                searched["files"] += 1


def look_in_databases(server: Postgres) -> None:
    """Search all databases of a server, and its log."""
    for table, rows in server.contents():
        look(f"the table {table}", rows)
        searched["tables of Postgres"] += 1
    look("the log of Postgres", server.log.read_bytes())


@contextmanager
def watching(*folders: Path) -> Iterator[None]:
    """Raise AssertionError if a secret appears while a block runs, or in these folders after it."""
    found.clear()
    yield
    for folder in folders:
        look_in(folder)
    complain()


@contextmanager
def watching_databases(server: Postgres) -> Iterator[None]:
    """Raise AssertionError if a server's databases or log contain a secret after a block."""
    yield
    look_in_databases(server)
    complain()


def complain() -> None:
    """Raise AssertionError if a secret was found."""
    seen = sorted(set(found))
    found.clear()
    assert seen == [], f"A secret was shown in {', '.join(seen)}."
