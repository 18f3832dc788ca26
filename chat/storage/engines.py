"""Engines: where the database is, and how to connect to it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from chat.config import Settings
from chat.config.private_files import restrict_to_owner

POSTGRES = {"postgres", "postgresql", "postgresql+psycopg"}
"""How an address of Postgres can begin; the first is Heroku's way."""

POSTGRES_CONNECTIONS = 3
"""The pool of a process, without its writer's and its reader's own connections. Small plans allow 20 (Heroku's
essential-0), which two servers of two workers share during a deploy."""

POOL_WAIT = 10.0
"""How long to wait for a connection that others use, in seconds."""

POSTGRES_PATIENCE = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""How long libpq waits for a silent server, in seconds; tcp_user_timeout in milliseconds."""


class DatabaseUnusable(Exception):
    """The database can't be used in its present state; the message says what to do."""


def url_of(settings: Settings) -> str:
    """Return DATABASE_URL, or else the URL of a file in the instance folder. Raises DatabaseUnusable."""
    url = settings.database_url or str(URL.create("sqlite", database=str(settings.instance / "rivulet.db")))
    if not is_usable(url):
        raise DatabaseUnusable(
            "DATABASE_URL isn't a valid database URL; use postgres://... or sqlite:///a-file. "
            "In a password, write @ as %40 and / as %2F."
        )
    return url


def file_of(settings: Settings) -> Path | None:
    """Return the file of a SQLite database, None for Postgres. Raises DatabaseUnusable."""
    parsed = make_url(url_of(settings))
    return Path(parsed.database or "").absolute() if parsed.drivername == "sqlite" else None


def is_usable(url: str) -> bool:
    """Return whether a URL is one of Postgres or of a SQLite file; in memory each connection has its own database."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return False
    in_file = parsed.drivername == "sqlite" and parsed.database not in {None, "", ":memory:"}
    # An @ in a host is the end of a password that wasn't quoted, and the log would reveal it.
    return in_file or (parsed.drivername in POSTGRES and "@" not in (parsed.host or ""))


def engine_for(url: str, connections: int = POSTGRES_CONNECTIONS) -> Engine:
    """Make the engine for a database URL; Postgres gets so many connections."""
    name, rest = url.split("://", 1)
    if name in POSTGRES:
        engine = create_engine(
            f"postgresql+psycopg://{rest}",
            pool_size=connections,
            max_overflow=0,
            pool_timeout=POOL_WAIT,
            pool_pre_ping=True,
            isolation_level="AUTOCOMMIT",  # chat/storage/transactions.py says how each begins
            connect_args=POSTGRES_PATIENCE,
            hide_parameters=True,
        )
        event.listen(engine, "connect", prepare_postgres)
        return engine
    engine = create_engine(url, pool_size=10, connect_args={"timeout": 0}, hide_parameters=True)
    event.listen(engine, "connect", prepare_sqlite)
    return engine


def prepare_postgres(connection: Any, _: Any) -> None:
    """Turn prepared statements off behind a pooler, where the next transaction can use another connection.

    A pooler such as PgBouncer shows itself because it makes up the number of the backend process.
    """
    connection.autocommit = True
    if connection.execute("SELECT pg_backend_pid()").fetchone()[0] != connection.info.backend_pid:
        connection.prepare_threshold = None


def is_pooled(connection: Any) -> bool:
    """Return whether `prepare_postgres` found a pooler in front of Postgres."""
    return connection.prepare_threshold is None


def make_file(url: URL) -> None:
    """Make the file of a SQLite database, and make it and its logs private to their owner.

    Raises OSError, even for a read-only file, which SQLite itself would open without a word.
    """
    path = url.database or ""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    for name in (path, f"{path}-wal", f"{path}-shm"):
        restrict_to_owner(Path(name))


def remedy(url: URL, reason: str) -> str:
    """Write what to do about a database that can't be opened."""
    folder = Path(url.database or "").absolute().parent
    if reason.startswith("permission denied for schema"):
        return f"Let it create tables. Run as the database's owner: GRANT CREATE ON SCHEMA public TO {url.username};"
    if url.drivername == "sqlite" and folder.is_dir() and not os.access(folder, os.W_OK | os.X_OK):
        runs, owns = os.geteuid(), folder.stat().st_uid
        return f"Rivulet runs as user {runs}, but the folder belongs to user {owns}. Run `chown -R {runs} {folder}`."
    return "Check DATABASE_URL or the data folder."


def prepare_sqlite(connection: Any, _: Any) -> None:
    """Set up a SQLite connection: we begin transactions ourselves, and foreign keys are enforced."""
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


def overwrite_deleted(connection: Connection) -> None:
    """Make a connection overwrite deleted data, which not every build of SQLite does; on Postgres, vacuum will."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete = ON")


def describe(engine: Engine) -> str:
    with engine.connect() as connection:
        version = ".".join(map(str, connection.dialect.server_version_info or ()))
    return f"{'SQLite' if engine.dialect.name == 'sqlite' else 'PostgreSQL'} {version}"


def size_of(engine: Engine) -> int:
    """Return the size of a database in bytes."""
    with engine.connect() as connection:
        if engine.dialect.name != "sqlite":
            return connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one()
        sizes = [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("page_count", "page_size")]
        return sizes[0] * sizes[1]
