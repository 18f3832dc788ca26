"""Run PgBouncer in front of the tests' PostgreSQL: transactions of all clients share a few connections."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.postgres import PATIENCE, Postgres
from tests.serving import free_port

CONFIGURATION = """
[databases]
* = host=127.0.0.1 port={server} user=rivulet

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {size}
max_client_conn = 200
server_login_retry = 1
"""


@contextmanager
def pgbouncer(server: Postgres, mode: str = "transaction", size: int = 4) -> Iterator[int]:
    """Run PgBouncer while a block runs; yield its port."""
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="rivulet-pgbouncer-", dir="/tmp"))
    folder.chmod(0o755)
    file = folder / "pgbouncer.ini"
    file.write_text(CONFIGURATION.format(server=server.port, port=port, mode=mode, size=size))
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            ["pgbouncer", file], stdout=log, stderr=log, start_new_session=True, **server.as_user
        )
    try:
        until_it_answers(port, process, folder / "log")
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE)
        shutil.rmtree(folder)


def until_it_answers(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until it passes a connection on."""
    deadline = time.monotonic() + PATIENCE
    while True:
        assert process.poll() is None and time.monotonic() < deadline, log.read_text()
        try:
            psycopg.connect(f"postgresql://rivulet@127.0.0.1:{port}/postgres", connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.05)
