"""Test gunicorn.conf.py in a real gunicorn with a tiny app."""

from __future__ import annotations

import errno
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from chat.server import exits, sockets
from tests.bin.checkout import ROOT

APP = """
import json, os, resource, sys, time
from types import SimpleNamespace

def create_app():
    if "BREAK" in os.environ:
        raise OSError(os.environ["BREAK"])
    if "REFUSE" in os.environ:
        print("Rivulet can't start: no.", file=sys.stderr)
        raise SystemExit(3)
    answer.extensions = {"rivulet": state(os.environ["WARNING"])} if "WARNING" in os.environ else {}
    return answer

def state(warning):
    metrics = SimpleNamespace(board=SimpleNamespace(share=lambda memory, row: None))
    replies = SimpleNamespace(drain=lambda patience, is_listening: None)
    return SimpleNamespace(warnings=[warning], startup=None, metrics=metrics, replies=replies)

def answer(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    return drops() if environ["PATH_INFO"] == "/drops" else [json.dumps(seen(environ)).encode()]

def drops():
    while True:
        yield b"drop "
        time.sleep(0.05)

def seen(environ):
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    forwarded = [environ["wsgi.url_scheme"], environ["SCRIPT_NAME"], environ.get("HTTP_X_FORWARDED_FOR")]
    return {"worker": os.getpid(), "host": os.environ.get("HOST"), "files": files, "forwarded": forwarded}
"""

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start gunicorn with the tiny app, with arguments and an environment, on a free port."""
    shutil.copy(ROOT / "gunicorn.conf.py", tmp_path)
    shutil.copytree(ROOT / "chat" / "server", tmp_path / "chat" / "server")
    (tmp_path / "app.py").write_text(APP)
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, files: int = 256, **environ: str) -> subprocess.Popen[str]:
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *arguments, "app:create_app()"],
            cwd=tmp_path,
            env={"PORT": "0", "HOME": str(tmp_path), **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard_limit())),
        )
        started.append(server)
        return server

    yield start
    for server in started:
        server.kill()
        server.communicate()


def hard_limit() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def address_of(server: subprocess.Popen[str]) -> str:
    """Wait for the line with the server's address; return it, on loopback."""
    assert server.stdout
    line = server.stdout.readline()
    match = re.fullmatch(r"Rivulet is at http://(\S+):(\d+) \(Ctrl\+C stops it\)\.\n", line)
    assert match, line + server.stdout.read()
    return f"http://127.0.0.1:{match[2]}"


def stopped(server: subprocess.Popen[str]) -> tuple[int, str]:
    """Stop the server as a deploy does; return the exit code and the output since then."""
    server.terminate()
    rest, _ = server.communicate(timeout=30)
    return server.returncode, rest


def seen(server: subprocess.Popen[str]) -> dict[str, Any]:
    """Ask the app for the values that it sees."""
    answer: dict[str, Any] = requests.get(address_of(server), timeout=10, headers={"Connection": "close"}).json()
    return answer


def test_it_says_where_it_is_and_nothing_else(start: Start):
    server = start()

    requests.get(f"{address_of(server)}/secret?q=words", timeout=10, headers={"Connection": "close"})

    assert stopped(server) == (0, "")


def test_of_two_workers_one_says_what_is_wrong_and_where_it_is(start: Start):
    server = start(WEB_CONCURRENCY="2", WARNING="This disk is emptied.")
    assert server.stdout
    assert [server.stdout.readline() for _ in range(3)] == ["\n", "!!! This disk is emptied.\n", "\n"]
    address = address_of(server)

    workers: set[int] = set()
    while len(workers) < 2:
        workers.add(requests.get(address, timeout=10, headers={"Connection": "close"}).json()["worker"])

    assert stopped(server) == (0, "")


def test_on_loopback_host_stays_as_it_is(start: Start):
    assert seen(start())["host"] is None


@pytest.mark.parametrize(
    ("arguments", "host"),
    [
        (["-b", "0.0.0.0:0"], "0.0.0.0"),
        (["-b", "127.0.0.1:0", "-b", "0.0.0.0:0"], "0.0.0.0"),
        (["-b", "0.0.0.0:0", "-b", "127.0.0.1:0"], "0.0.0.0"),
        (["-b", "127.0.0.1:0", "-b", "unix:socket"], None),
    ],
)
def test_the_app_is_told_what_is_really_listened_on(start: Start, arguments: list[str], host: str | None):
    assert seen(start(*arguments))["host"] == host


def test_host_and_port_are_where_it_listens(start: Start):
    assert seen(start(HOST="0.0.0.0"))["host"] == "0.0.0.0"


def test_as_many_files_may_be_open_as_the_machine_allows(start: Start):
    wanted = 21_000 if hard_limit() == resource.RLIM_INFINITY else min(21_000, hard_limit())

    assert seen(start())["files"] == wanted


def test_a_higher_limit_of_open_files_is_left_alone(start: Start):
    if hard_limit() != resource.RLIM_INFINITY and hard_limit() < 30_000:
        pytest.skip("This machine doesn't allow enough open files.")

    assert seen(start(files=30_000))["files"] == 30_000


def test_no_socket_for_control_is_opened(start: Start, tmp_path: Path):
    seen(start())

    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "__pycache__") == [
        "app.py",
        "chat",
        "gunicorn.conf.py",
    ]


def test_a_port_that_is_taken_ends_in_one_sentence(start: Start):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = start(PORT=str(port))
        said, _ = server.communicate(timeout=30)

    assert server.returncode == exits.PORT_TAKEN
    assert said == f"Port {port} is in use. Stop the other program, or choose another port: bin/run --port 8001\n"


def test_a_port_that_another_server_is_about_to_leave_is_waited_for():
    with socket.create_server(("127.0.0.1", 0)) as leaving:
        address = leaving.getsockname()
        threading.Timer(0.3, leaving.close).start()

        sockets.check_address(address)

    with socket.create_server(address):
        pass


def test_an_address_that_is_not_ours_ends_in_one_sentence(start: Start):
    server = start(HOST="192.0.2.1")
    said, _ = server.communicate(timeout=30)

    assert server.returncode == exits.NOT_YET
    assert said.startswith("Can't listen on 192.0.2.1:0 (")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.EADDRINUSE, "Address already in use"), exits.PORT_TAKEN),
        (OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address"), exits.NOT_YET),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), exits.NOT_YET),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), exits.CANNOT_START),
        (PermissionError(errno.EACCES, "Permission denied"), exits.CANNOT_START),
    ],
)
def test_the_exit_code_tells_whether_an_address_may_be_free_later(
    monkeypatch: pytest.MonkeyPatch, error: OSError, code: int
):
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(socket.socket, "bind", fail)
    monkeypatch.setattr(sockets, "PATIENCE", 0)

    with pytest.raises(SystemExit) as ended:
        sockets.check_address(("127.0.0.1", 80))

    assert ended.value.code == code


def test_an_error_that_nobody_expected_at_the_start_may_pass(start: Start):
    server = start(BREAK="No space left on device", WEB_CONCURRENCY="2")
    said, _ = server.communicate(timeout=30)

    assert server.returncode == exits.START_BROKE
    assert "Traceback" in said and "No space left on device" in said


def test_a_command_that_names_no_app_ends_in_one_sentence(start: Start):
    server = start("app:missing()")
    said, _ = server.communicate(timeout=30)

    assert (server.returncode, said) == (exits.CANNOT_START, "Failed to find attribute 'missing' in 'app'.\n")


def test_of_an_app_that_refuses_to_start_only_its_sentence_is_seen(start: Start):
    server = start(REFUSE="1")
    said, _ = server.communicate(timeout=30)

    assert (server.returncode, said) == (3, "Rivulet can't start: no.\n")


@pytest.mark.parametrize("settings", [{"PORT": "many"}, {"PORT": "70000"}, {"DRAIN_SECONDS": "nan"}])
def test_a_setting_that_cannot_be_read_is_left_to_the_app_to_refuse(start: Start, settings: dict[str, str]):
    server = start("-b", "127.0.0.1:0", REFUSE="1", **settings)
    said, _ = server.communicate(timeout=30)

    assert said == "Rivulet can't start: no.\n"


def test_ctrl_c_stops_it_quietly_in_the_middle_of_a_stream(start: Start):
    server = start()
    with requests.get(f"{address_of(server)}/drops", stream=True, timeout=10) as stream:
        next(stream.iter_content(5))

        # As a terminal does: to the master and the workers at once.
        os.killpg(server.pid, signal.SIGINT)
        rest, _ = server.communicate(timeout=30)

    assert (server.returncode, rest) == (0, "")


@pytest.mark.parametrize("told", [{"GUNICORN_CMD_ARGS": "--preload --access-logfile -"}, {}])
def test_an_app_that_would_be_loaded_before_its_workers_is_refused(start: Start, told: dict[str, str]):
    server = start(*([] if told else ["--preload"]), **told)
    said, _ = server.communicate(timeout=30)

    assert server.returncode == exits.CANNOT_START
    assert said == (
        "Rivulet can't start with --preload. Put `GUNICORN_CMD_ARGS=` before gunicorn in the start command.\n"
    )


FORWARDED = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Protocol": "ssl",
    "X-Forwarded-Ssl": "on",
    "X_Forwarded_For": "127.0.0.1",
    "SCRIPT_NAME": "/elsewhere",
}


@pytest.mark.parametrize("environ", [{}, {"FORWARDED_ALLOW_IPS": "*"}])
def test_gunicorn_itself_believes_nobody_who_says_that_it_was_forwarded(start: Start, environ: dict[str, str]):
    address = address_of(start(**environ))

    for header, value in FORWARDED.items():
        answer = requests.get(address, headers={header: value, "Connection": "close"}, timeout=10)

        assert answer.json()["forwarded"] == ["http", "", None], header
