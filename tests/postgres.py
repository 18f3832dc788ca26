"""Run a PostgreSQL for tests, in a temporary folder and on a loopback port.

`python -m tests.postgres` prints the folder of its programs, or exits with 1 if there is none; bin/test uses it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from chat.storage.database import Database
from tests.serving import free_port

PATIENCE = 60.0
NEEDED = ("initdb", "postgres")
MISSING = "No PostgreSQL was found. Install one (Debian: apt-get install postgresql) and run the tests again."
STRANGERS = ("postgres", "nobody")
"""Users to run it as where the tests run as root, as whom PostgreSQL refuses to run."""


def programs() -> Path | None:
    """Find the folder of the newest PostgreSQL's programs; None if there is none."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    on_path = [Path(found).parent for name in ("pg_ctl", "initdb") if (found := shutil.which(name))]
    for folder in [*on_path, *named_by_pg_config(), *versions, Path("/usr/local/bin"), Path("/opt/homebrew/bin")]:
        if all(os.access(folder / name, os.X_OK) for name in NEEDED):
            return folder
    return None


def named_by_pg_config() -> list[Path]:
    """Ask pg_config, which can be installed without the server."""
    if not shutil.which("pg_config"):
        return []
    asked = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=False)
    return [Path(asked.stdout.strip())] if asked.returncode == 0 else []


def not_root() -> dict[str, Any]:
    """Return Popen's arguments for running as another user if we are root, else none."""
    if os.geteuid() != 0:
        return {}
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = next(known[name] for name in STRANGERS if name in known)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


TABLES = """
SELECT oid::regclass::text FROM pg_class
WHERE relkind = 'r' AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
"""


def reachable(found: Path, folder: Path) -> Path:
    """Return programs that other users can run: copy them if only root can enter their folder."""
    if all(above.stat().st_mode & stat.S_IXOTH for above in found.resolve().parents):
        return found
    return Path(shutil.copytree(found.parent, folder / "programs", symlinks=True)) / found.name


class Postgres:
    """A server; each test has its own database on it."""

    def __init__(self, folder: Path, found: Path):
        self.programs = found
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "log"
        self.port = free_port()
        self.numbers = count(1)
        self.as_user = not_root()
        if self.as_user:
            os.chown(folder, self.as_user["user"], self.as_user["group"])
            self.programs = reachable(found, folder)
        self._run("initdb", "-D", self.data, "-U", "rivulet", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")

    def _run(self, name: str, *arguments: object) -> None:
        command = [str(self.programs / name), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, **self._place())
        assert done.returncode == 0, done.stdout + done.stderr

    def _place(self) -> dict[str, Any]:
        environ = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}
        return {"cwd": self.folder, "env": environ, **self.as_user}

    def start(self) -> None:
        """Start it and wait until it accepts connections."""
        # Nothing here outlives the machine, so nothing need wait for its disk.
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": self.folder, "fsync": "off"}
        options |= {"max_connections": 100, "shared_buffers": "16MB"}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        command = [str(self.programs / "postgres"), "-D", str(self.data), "-p", str(self.port), *settings]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, **self._place())
        deadline = time.monotonic() + PATIENCE
        while not self.answers():
            assert self.process.poll() is None and time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def answers(self) -> bool:
        """Check whether it accepts connections."""
        try:
            psycopg.connect(self.address("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def address(self, name: str) -> str:
        """Return the address of one of its databases."""
        return f"postgresql://rivulet@127.0.0.1:{self.port}/{name}"

    def new_database(self, template: str = "template1") -> str:
        """Create an empty database, or a copy of another one; return its address."""
        name = f"rivulet_{next(self.numbers)}"
        self.command(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.address(name)

    def migrated_database(self) -> str:
        """Create a database at HEAD without rows; return its address."""
        return self.new_database(self.migrated)

    @cached_property
    def migrated(self) -> str:
        """The name of a database at HEAD, which only serves as a template."""
        database = Database(self.new_database())
        database.upgrade()
        database.dispose()
        return str(database.engine.url.database)

    def command(self, statement: str) -> None:
        """Run a statement as the administrator."""
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def contents(self) -> Iterator[tuple[str, str]]:
        """Read the name of each table in all databases, and its rows as text."""
        with self.connect("postgres") as connection:
            names = column(connection, "SELECT datname FROM pg_database WHERE datallowconn")
        for name in names:
            with self.connect(name) as connection:
                for table in column(connection, TABLES):
                    yield f"{table} of {name}", "\n".join(column(connection, f"SELECT it::text FROM ONLY {table} it"))

    def connect(self, database: str) -> psycopg.Connection:
        """Connect to one of its databases; bytes are read as text if possible."""
        return psycopg.connect(self.address(database), options="-c bytea_output=escape")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: SIGINT ends its connections and closes its files, SIGQUIT is a crash."""
        self.process.send_signal(how)
        self.process.wait(PATIENCE)


def column(connection: psycopg.Connection, query: str) -> list[str]:
    """Read the one column of a query."""
    return [value for (value,) in connection.execute(query.encode())]


@contextmanager
def postgres(found: Path | None = None) -> Iterator[Postgres]:
    """Serve PostgreSQL while a block runs, by default the installed one."""
    found = found or programs()
    assert found, MISSING
    # Not in pytest's folder, which nobody but its owner may enter.
    folder = Path(tempfile.mkdtemp(prefix="rivulet-postgres-", dir="/tmp"))
    try:
        server = Postgres(folder, found)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    print(programs() or sys.exit(1))
