"""The database: its engine, its transactions, its clock, and how it is brought up to date."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, BigInteger, Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

HEAD = "0003"
"""The newest migration; known without Alembic, which a start with nothing to migrate need not load."""

LOCK_WAIT = 10.0
"""How long a write waits for another one, in seconds."""

POSTGRES = {"postgres", "postgresql", "postgresql+psycopg"}
"""How an address of Postgres may begin; the first is Heroku's way."""

T = TypeVar("T")


class DatabaseUnusable(Exception):
    """The database can't be used as it is; the message says what to do."""


class DatabaseBusy(Exception):
    """Another writer held the database for too long; the message is for the person who waited."""


class clock(FunctionElement[int]):
    """The database's own time in whole seconds since 1970: the one clock that all workers share."""

    type = BigInteger()
    inherit_cache = True


@compiles(clock, "sqlite")
def _sqlite_clock(*_: Any, **__: Any) -> str:
    # Uncast, strftime gives text, which compares wrong against numbers.
    return "CAST(strftime('%s', 'now') AS INTEGER)"


@compiles(clock, "postgresql")
def _postgres_clock(*_: Any, **__: Any) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) AS BIGINT)"


class Database:
    """Where everything is stored; hands out connections for one transaction each."""

    def __init__(self, url: str):
        self.engine = engine_for(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        # Postgres would else show each statement of a transaction a moment of its own.
        self._snapshots = (
            self.engine if self.is_sqlite else self.engine.execution_options(isolation_level="REPEATABLE READ")
        )

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that only reads; all it sees is of one moment."""
        with patiently(self._snapshots.connect, LOCK_WAIT) as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self, wait: float = LOCK_WAIT) -> Iterator[Connection]:
        """Open a transaction that may write; committed at the end, rolled back on any exception.

        Nothing in it may wait for anything else. Raises DatabaseBusy after `wait` seconds.
        """
        connection = patiently(self._begun, wait)
        try:
            yield connection
            connection.commit()
        finally:
            connection.close()

    def _begun(self) -> Connection:
        connection = self.engine.connect().execution_options(begin="BEGIN IMMEDIATE")
        try:
            connection.begin()
        except DBAPIError:
            connection.close()
            raise
        return connection

    def upgrade(self) -> None:
        """Bring the database to HEAD, one process at a time. Raises DatabaseUnusable."""
        try:
            if self.is_sqlite:
                patiently(self._keep_a_log_ahead, LOCK_WAIT)
            with self.write(wait=60) as connection:
                self._migrate(connection)
        except (DBAPIError, sqlite3.Error, DatabaseBusy) as error:
            reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
            raise DatabaseUnusable(
                f"The database can't be opened ({reason}). Check DATABASE_URL, or the folder instance/."
            ) from error

    def _keep_a_log_ahead(self) -> None:
        # Not within a transaction, where SQLite ignores it.
        with self.engine.connect() as connection:
            connection.connection.cursor().execute("PRAGMA journal_mode = WAL")

    def _migrate(self, connection: Connection) -> None:
        if not self.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(7236517)"))
        version = self._version(connection)
        if version == HEAD:
            return
        if version is not None and version > HEAD:
            raise DatabaseUnusable(
                f"The database is of a newer Rivulet ({version}; this one knows {HEAD}). "
                "Update Rivulet; nothing was changed."
            )
        run_migrations(connection)

    def _version(self, connection: Connection) -> str | None:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def patiently(attempt: Callable[[], T], wait: float) -> T:
    """Repeat what finds the database locked until it goes through. Raises DatabaseBusy after `wait` seconds.

    SQLite's own wait sleeps in C, where it would freeze all greenlets of the process.
    """
    deadline, pause = time.monotonic() + wait, 0.001
    while True:
        try:
            return attempt()
        except (OperationalError, sqlite3.OperationalError) as error:
            if "locked" not in str(error):
                raise
            if time.monotonic() > deadline:
                raise DatabaseBusy("The database is busy. Nothing was lost; try again in a moment.") from error
        time.sleep(pause)
        pause = min(pause * 2, 0.02)


def engine_for(url: str) -> Engine:
    """Make the engine for a database URL: SQLite, or Postgres in any of its names."""
    name, rest = url.split("://", 1)
    if name in POSTGRES:
        return create_engine(f"postgresql+psycopg://{rest}", pool_size=10, pool_pre_ping=True, hide_parameters=True)
    engine = create_engine(url, pool_size=10, connect_args={"timeout": 0}, hide_parameters=True)
    event.listen(engine, "connect", prepare_sqlite)
    event.listen(engine, "begin", begin_sqlite)
    return engine


def prepare_sqlite(connection: Any, _: Any) -> None:
    """Set up a new SQLite connection: we begin transactions ourselves, and foreign keys hold."""
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


def begin_sqlite(connection: Connection) -> None:
    """Begin a transaction the way it was opened: a read that turned into a write would be refused at once."""
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def url_of(settings: dict[str, Any]) -> str:
    """Tell where the database is: DATABASE_URL, else a file in the instance folder. Raises DatabaseUnusable."""
    url = settings["DATABASE_URL"] or str(URL.create("sqlite", database=str(settings["INSTANCE"] / "rivulet.db")))
    if not is_usable(url):
        raise DatabaseUnusable("DATABASE_URL is no address of a database; use postgres://... or sqlite:///a-file.")
    return url


def is_usable(url: str) -> bool:
    """Tell whether an address is one of Postgres, or of SQLite in a file: in memory each connection has its own."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return False
    in_file = parsed.drivername == "sqlite" and parsed.database not in {None, "", ":memory:"}
    return in_file or parsed.drivername in POSTGRES


def run_migrations(connection: Connection) -> None:
    """Run all migrations that are missing, inside the transaction that is open."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    folder = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
