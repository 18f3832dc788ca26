"""Backup and restore of PostgreSQL with its own programs: pg_dump, pg_restore and psql.

They read the database's address from their environment, because every user of a machine can read command lines. A
restore is one transaction, which first moves the present tables into a schema of their own.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import psycopg
from psycopg import pq
from sqlalchemy import Connection, inspect

from chat.storage.backups.occupants import address, count_tables, reason_in
from chat.storage.backups.target import NOT_EMPTY, Place, Refused, refuse_unless_known
from chat.storage.snapshots import atomic_file
from chat.storage.tables import metadata

ENDING = "dump"
ASIDE = "before_restore_"
"""How the names of schemas begin that keep replaced tables; no copy includes them."""

PLAIN = ["--no-owner", "--no-privileges"]

MOVE_AWAY = """
BEGIN;
SELECT pg_advisory_xact_lock(7236517);
CREATE SCHEMA {aside};
DO $$
DECLARE here text := current_schema(); name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = here LOOP
        EXECUTE format('ALTER TABLE %I.%I SET SCHEMA {aside}', here, name);
    END LOOP;
END $$;
"""
"""An upgrade takes the same lock, so a server that starts meanwhile waits."""

OLDER = re.compile("server version mismatch(?:.*?detail: (.*?)$)?|unsupported version.*?$", re.DOTALL | re.MULTILINE)
"""What pg_dump says about a newer server, and pg_restore about a dump of a newer pg_dump."""

TOO_OLD = (
    "{} is older than the database server ({}). Install the PostgreSQL client of the server's version or later. "
    "Or stop Rivulet and copy everything to a file with bin/move sqlite:////path/copy.db, which doesn't need it."
)

KEEP_STILL = "SET LOCAL idle_in_transaction_session_timeout = 0; SELECT pg_advisory_xact_lock(7236517)"


def backup(place: Place, target: Path) -> None:
    """Copy the database to a file of pg_dump's own format. Raises CopyFailed and Refused."""
    with atomic_file(target) as made:
        run(place, "pg_dump", "--format=custom", *PLAIN, f"--exclude-schema={ASIDE}*", f"--file={made}")


def restore(place: Place, file: Path) -> str | None:
    """Put a copy in the database's place; return the schema that keeps the old tables. Raises Refused."""
    refuse_unless_known(file, version_in(place, file))
    tables = count_tables(place)
    aside = f"{ASIDE}{datetime.now(UTC):%Y_%m_%d_%H%M%S}"
    load(place, file, MOVE_AWAY.format(aside=aside) if tables else "BEGIN;\n")
    return f"the schema {aside}" if tables else None


def version_in(place: Place, file: Path) -> str | None:
    """Read the version of a copy; None if it isn't one of Rivulet. Raises Refused."""
    lines = iter(run(place, "pg_restore", "--data-only", "--table=alembic_version", "--file=-", str(file)).splitlines())
    next((line for line in lines if line.startswith("COPY ")), None)
    return next(lines, None)


def require_there(place: Place) -> None:
    """Raise Refused if a database is empty, or others use it."""
    if not count_tables(place):
        raise Refused(f"{place.name} is empty; nothing to copy.")


def require_empty(place: Place) -> None:
    """Raise Refused if a database holds anything, or others use it."""
    if count_tables(place):
        raise Refused(NOT_EMPTY.format(place.name))


def prepare(place: Place) -> None:
    """Do nothing: the server's administrator has made the database."""


def shut_out_others(place: Place, connection: Connection) -> None:
    """Do nothing: Postgres can't shut others out, but `keep_still` locks the tables."""


def keep_still(connection: Connection) -> None:
    """Lock all tables until the transaction ends, however long it waits for the other database."""
    connection.exec_driver_sql(KEEP_STILL)
    if names := metadata.tables.keys() & inspect(connection).get_table_names():
        connection.exec_driver_sql(f"LOCK TABLE {', '.join(sorted(names))} IN SHARE MODE")


def load(place: Place, file: Path, first: str) -> None:
    """Run some SQL and then the SQL of a copy, and commit both at once. Raises Refused."""
    psql = [program(place, "psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
    with subprocess.Popen(
        psql, env=environment(place), stdin=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    ) as running:
        assert running.stdin and running.stderr
        complaint = feed(running.stdin, place, file, first)
        complaint = running.stderr.read().decode(errors="replace") or complaint
    if running.returncode or complaint:
        raise Refused(f"Couldn't restore {file} ({reason_in(complaint)}). Nothing was changed.")


def feed(psql: IO[bytes], place: Place, file: Path, first: str) -> str:
    """Write the commands to psql; return the complaint of pg_restore."""
    pg_restore = [program(place, "pg_restore"), *PLAIN, "--file=-", str(file)]
    with psql, suppress(BrokenPipeError):  # psql has ended, and says why
        psql.write(first.encode())
        written = subprocess.run(pg_restore, env=environment(place), stdout=psql, stderr=subprocess.PIPE, text=True)
        if written.returncode:
            return written.stderr
        # Without this, psql rolls everything back when it ends.
        psql.write(b"COMMIT;\n")
    return ""


def run(place: Place, name: str, *arguments: str) -> str:
    """Run a program of PostgreSQL's; return its output. Raises Refused."""
    done = subprocess.run([program(place, name), *arguments], env=environment(place), capture_output=True, text=True)
    if older := OLDER.search(done.stderr):
        raise Refused(TOO_OLD.format(name, older[1] or older[0]))
    if done.returncode:
        raise Refused(f"{name} failed ({reason_in(done.stderr)}).")
    return done.stdout


def program(place: Place, name: str) -> str:
    """Find a program of PostgreSQL's. Raises Refused."""
    if found := shutil.which(name, path=place.environ.get("PATH")):
        return found
    raise Refused(f"{name} isn't installed. Install the PostgreSQL client (Debian: apt-get install postgresql-client).")


def environment(place: Place) -> dict[str, str]:
    """Return the environment in which PostgreSQL's programs find the database. Raises Refused."""
    try:
        options = pq.Conninfo.parse(address(place).encode())
    except psycopg.Error as error:
        raise Refused(f"DATABASE_URL is invalid ({reason_in(str(error))}).") from error
    return {**place.environ, **{o.envvar.decode(): o.val.decode() for o in options if o.envvar and o.val}}
