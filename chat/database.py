"""The database: its engine, its transactions, its clock, and how it is brought up to date."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

HEAD = "0001"
"""The newest migration; known without Alembic, which a start with nothing to migrate need not load."""

LOCK_WAIT = 10.0
"""How long a write waits for another one, in seconds."""


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

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that only reads; all it sees is of one moment."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self, wait: float = LOCK_WAIT) -> Iterator[Connection]:
        """Open a transaction that may write; committed at the end, rolled back on any exception.

        Nothing in it may wait for anything else. Raises DatabaseBusy after `wait` seconds.
        """
        connection = self._begun(time.monotonic() + wait)
        try:
            yield connection
            connection.commit()
        finally:
            connection.close()

    def _begun(self, deadline: float) -> Connection:
        # SQLite's own wait sleeps in C, where it would freeze all greenlets of the process.
        pause = 0.001
        while True:
            connection = self.engine.connect().execution_options(begin="BEGIN IMMEDIATE")
            try:
                connection.begin()
                return connection
            except OperationalError as error:
                connection.close()
                if "locked" not in str(error.orig):
                    raise
                if time.monotonic() > deadline:
                    raise DatabaseBusy("The database is busy. Nothing was lost; try again in a moment.") from error
            time.sleep(pause)
            pause = min(pause * 2, 0.02)

    def upgrade(self) -> None:
        """Bring the database to HEAD, one process at a time. Raises DatabaseUnusable."""
        try:
            self._keep_a_log_ahead()
            with self.write(wait=60) as connection:
                self._migrate(connection)
        except (DBAPIError, DatabaseBusy) as error:
            reason = getattr(error, "orig", None) or error
            raise DatabaseUnusable(
                f"The database can't be opened ({str(reason).splitlines()[0]}). Check DATABASE_URL, or the folder instance/."
            ) from error

    def _keep_a_log_ahead(self) -> None:
        if self.is_sqlite:
            with self.engine.connect() as connection:
                connection.connection.driver_connection.execute("PRAGMA journal_mode = WAL")

    def _migrate(self, connection: Connection) -> None:
        if not self.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(7236517)"))
        version = self._version(connection)
        if version == HEAD:
            return
        if version is not None and version > HEAD:
            raise DatabaseUnusable(
                f"The database is of a newer Rivulet ({version}; this one knows {HEAD}). Update Rivulet; nothing was changed."
            )
        run_migrations(connection)

    def _version(self, connection: Connection) -> str | None:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def engine_for(url: str) -> Engine:
    """Make the engine for a database URL; `postgres://`, as Heroku writes it, means psycopg."""
    name, rest = url.split("://", 1)
    if name in {"postgres", "postgresql"}:
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
    """Tell where the database is: DATABASE_URL, else a file in the instance folder."""
    url = settings["DATABASE_URL"] or f"sqlite:///{settings['INSTANCE'] / 'rivulet.db'}"
    try:
        make_url(url)
    except Exception as error:
        raise DatabaseUnusable("DATABASE_URL is no address of a database; use postgres://... or sqlite:///...") from error
    return str(url)


def run_migrations(connection: Connection) -> None:
    """Run all migrations that are missing, inside the transaction that is open."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
