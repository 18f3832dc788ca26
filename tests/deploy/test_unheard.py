"""Test that a server whose output can't be written goes on without its log."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from chat.server import exits
from tests.bin.checkout import Checkout
from tests.deploy.started import PATIENCE, Start, Started
from tests.serving import ask_health

LOST = {
    "standard output full": ">/dev/full",
    "standard error full": "2>/dev/full",
    "both full": ">/dev/full 2>&1",
    "both closed": ">&- 2>&-",
    "a pipe that nobody reads": "> >(:) 2>&1",
}
SERVER = 'exec gunicorn "app:create_app()"'


def workers(server: Started) -> set[int]:
    """List the worker processes; the shell of a pipe that nobody reads is a child of the server's, too."""
    listed = subprocess.run(["ps", "-Awwo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = (line.split(maxsplit=2) for line in listed.splitlines() if "gunicorn" in line)
    return {int(child) for child, parent, line in rows if int(parent) == server.process.pid and line[:5] != "bash "}


def until_healthy(server: Started) -> set[int]:
    """Wait until it answers; return all workers seen."""
    deadline, seen = time.monotonic() + PATIENCE, workers(server)
    while b"200 OK" not in health(server):
        assert server.process.poll() is None and time.monotonic() < deadline
        seen |= workers(server)
    return seen | workers(server)


def health(server: Started) -> bytes:
    """Request its health; return nothing if it doesn't answer."""
    try:
        with socket.create_connection(("127.0.0.1", server.port), 0.2) as connection:
            return ask_health(connection)
    except OSError:
        return b""


@pytest.mark.parametrize("lost", LOST)
def test_a_server_answers_though_nobody_can_hear_it(start: Start, lost: str) -> None:
    # A temporary disk causes a warning; no line of the journal can be written either.
    server = start(f"{SERVER} {LOST[lost]}", DYNO="web.1", LOG_FORMAT="json")

    assert len(until_healthy(server)) == 1
    assert page(server).startswith(b"HTTP/1.1 ")
    assert server.stop() == 0


def page(server: Started) -> bytes:
    """Request an address that doesn't exist; return the beginning of the answer."""
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as connection:
        connection.sendall(b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return connection.recv(100)


@pytest.mark.parametrize(
    "lost", [pytest.param(name, marks=() if "both" in name else pytest.mark.long) for name in LOST]
)
def test_a_wrong_setting_has_its_exit_code_though_nobody_can_read_why(start: Start, lost: str) -> None:
    server = start(f"{SERVER} {LOST[lost]}", ACCESS="everyone")

    assert server.process.wait(PATIENCE) == exits.CANNOT_START


@pytest.mark.parametrize("lost", LOST)
def test_bin_run_starts_though_nobody_can_hear_it(tmp_path: Path, lost: str) -> None:
    checkout = Checkout(tmp_path)
    checkout.has_python("python3")
    checkout.tell("local-model-wanted", "0")
    checkout.tell("pip-fails", "requirements-local.txt")

    bash = shutil.which("bash")
    assert bash

    for _ in range(2):
        line = f'"{checkout.root}/bin/run" {LOST[lost]}'
        ended = subprocess.run([bash, "-c", line], env={"PATH": str(checkout.tools)}, timeout=PATIENCE)

        assert ended.returncode == 0 and checkout.calls[-1] == "-m gunicorn app:create_app()"
