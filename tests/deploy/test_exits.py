"""Test docs/operating.md's exit codes: real processes exit with each of them, and the systemd unit obeys the table."""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from chat.server import exits
from tests.bin.checkout import Checkout
from tests.deploy import files
from tests.deploy.started import PATIENCE, Start
from tests.faults.harness import until
from tests.serving import KEY, ROOT

SERVER = 'gunicorn "app:create_app()"'
RELEASE = files.procfile()["release"]
AWAY = "postgres://rivulet@127.0.0.1:1/rivulet"
LEAVE, NEVER, AGAIN = "leave it", "don't restart", "restart"


def table() -> dict[int, str]:
    """Read the table: each code, and what a supervisor should do."""
    text = (ROOT / "docs/operating.md").read_text().partition("## Exit codes\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([\d, ]+) \| .+ \| (.+) \|$", text, re.MULTILINE)
    return {int(code): verdict for codes, verdict in rows for code in codes.split(",")}


def code_of(returncode: int) -> int:
    """Return the exit code; a signal's as shells and Docker count it."""
    return returncode if returncode >= 0 else 128 - returncode


def stopped(how: signal.Signals) -> Callable[[Start], int]:
    """Stop a running server."""

    def stop(start: Start) -> int:
        server = start(SERVER)
        server.health()
        return server.stop(how)

    return stop


def ended(command: str, **environ: str) -> Callable[[Start], int]:
    """Wait for a command to exit."""
    return lambda start: start(command, **environ).process.wait(PATIENCE)


def beside_another(start: Start, command: str = SERVER) -> int:
    """Start a server on a port that another process holds."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        return start(f"PORT={other.getsockname()[1]} {command}", LOCAL_MODEL="off").process.wait(PATIENCE)


def beside_another_by_bin_run(start: Start) -> int:
    """Start bin/run on a port that another process holds."""
    return beside_another(start, "bin/run")


WAYS: list[tuple[int, str, Callable[[Start], int]]] = [
    (0, "SIGTERM", stopped(signal.SIGTERM)),
    (0, "SIGINT", stopped(signal.SIGINT)),
    (0, "a command is done", ended("flask --app app user list")),
    (1, "a command can't be done", ended("flask --app app user role nobody@example.org admin")),
    (1, "a number that gunicorn can't read", ended(SERVER, WEB_CONCURRENCY="many")),
    (2, "an option that gunicorn doesn't know", ended(f"{SERVER} --nonsense")),
    (2, "a command that isn't there", ended("flask --app app nonsense")),
    (2, "an option that bin/run doesn't know", ended("bin/run --nonsense")),
    (3, "a wrong setting", ended(SERVER, ACCESS="everyone")),
    (3, "no worker", ended(SERVER, WEB_CONCURRENCY="0")),
    (3, "a wrong setting beside the server", ended("flask --app app user list", ACCESS="everyone")),
    (3, "a wrong setting before a deploy", ended(RELEASE, ACCESS="everyone")),
    (3, "a wrong number for bin/run", ended("bin/run", WEB_CONCURRENCY="many")),
    (3, "a start before the workers", ended(f"{SERVER} --preload")),
    (3, "an app that isn't there", ended('gunicorn "app:missing()"')),
    (70, "an app that can't be imported", ended('gunicorn "missing:create_app()"')),
    (4, "a port that is taken", beside_another),
    (4, "a port that is taken for bin/run", beside_another_by_bin_run),
    (
        75,
        "a database that is away before a deploy",
        ended(files.procfile()["release"], DATABASE_URL=AWAY, SECRET_KEY=KEY),
    ),
    (75, "a database that is away beside the server", ended("flask --app app user list", DATABASE_URL=AWAY)),
    (137, "SIGKILL", stopped(signal.SIGKILL)),
]
SLOW = {"a database that is away beside the server"}  # it waits for 10 s, as the command before a deploy does


@pytest.mark.parametrize(
    ("code", "end"),
    [pytest.param(code, end, id=way, marks=pytest.mark.long if way in SLOW else ()) for code, way, end in WAYS],
)
def test_a_process_ends_with_the_code_that_the_table_has_for_it(
    start: Start, code: int, end: Callable[[Start], int]
) -> None:
    assert code_of(end(start)) == code


@pytest.mark.parametrize(("code", "sign"), [(130, "INT"), (143, "TERM")])
def test_a_stop_while_bin_run_installs_ends_with_the_code_of_the_signal(tmp_path: Path, code: int, sign: str) -> None:
    checkout = Checkout(tmp_path)
    checkout.has_python("python3", lacks=("ensurepip",))
    checkout.has_tool("uv", f"#!/bin/sh\nkill -{sign} $PPID\n")

    assert code_of(checkout.run("run").returncode) == code


def test_the_table_has_a_row_for_each_code_and_no_other() -> None:
    assert set(table()) == {code for code, _, _ in WAYS} | {130, 143}
    assert {exits.CANNOT_START, exits.PORT_TAKEN, exits.START_BROKE, exits.NOT_YET} <= set(table())
    assert set(table().values()) == {LEAVE, NEVER, AGAIN}


def test_systemd_restarts_what_the_table_says_and_nothing_else() -> None:
    service = files.unit()["Service"]
    never = {code for code, verdict in table().items() if verdict == NEVER}

    assert service["Restart"] == "on-failure"
    assert set(map(int, service["RestartPreventExitStatus"].split())) == never
    # on-failure ignores exit code 0, and an end by SIGINT or SIGTERM, which a shell counts as 130 and 143.
    assert {code for code, verdict in table().items() if verdict == LEAVE} == {0, 130, 143}


def test_systemd_gives_up_on_what_does_not_pass() -> None:
    unit, service = files.unit()["Unit"], files.unit()["Service"]

    assert 2 * int(unit["StartLimitBurst"]) * int(service["RestartSec"]) < int(unit["StartLimitIntervalSec"])


def test_workers_whose_master_was_killed_leave_the_port_to_the_next_server(start: Start) -> None:
    server = start(SERVER, DRAIN_SECONDS="0.2", WEB_CONCURRENCY="2")
    server.until_said("Rivulet is at")

    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait(PATIENCE)

    until(lambda: not is_listening(server.port))


def is_listening(port: int) -> bool:
    """Tell whether a process listens on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
