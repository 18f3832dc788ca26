"""Test starts that must fail: the real server exits at once, with one sentence that says what to do, and no secret."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import create_app
from chat.server import exits
from tests import postgres
from tests.bin.checkout import ROOT
from tests.looking import watching_databases
from tests.postgres import Postgres
from tests.serving import KEY, free_port

PASSWORD = "p-ssw0rd-of-mine"
NOWHERE = f"postgres://ann:{PASSWORD}@127.0.0.1:1/chat"
OPEN = {"HOST": "0.0.0.0", "SECRET_KEY": KEY}


def refusal(folder: Path, *arguments: str, **environ: str) -> str:
    """Start the server as a Procfile does; it must exit by itself with one sentence."""
    known = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "INSTANCE": str(folder / "instance"),
        "LOCAL_MODEL": "off",
    }
    known |= {"PORT": str(free_port())} | {name: text.format(folder=folder) for name, text in environ.items()}
    command = [sys.executable, "-m", "gunicorn", *arguments, "app:create_app()"]
    tried = subprocess.run(command, cwd=ROOT, env=known, capture_output=True, text=True, timeout=100)
    said = tried.stdout + tried.stderr
    assert tried.returncode in (exits.CANNOT_START, exits.PORT_TAKEN, exits.NOT_YET), said
    assert said.count("\n") == 1 and "Traceback" not in said, said
    assert PASSWORD not in said
    return said


def refusal_here(folder: Path, capfd: pytest.CaptureFixture[str], environ: dict[str, str]) -> str:
    """Make the app in this process, as each worker does; it must exit with one sentence."""
    known = {"HOME": str(folder), "INSTANCE": str(folder / "instance"), "LOCAL_MODEL": "off"}
    capfd.readouterr()
    with pytest.raises(SystemExit) as ended:
        create_app(known | {name: text.format(folder=folder) for name, text in environ.items()})
    said = "".join(capfd.readouterr())
    assert ended.value.code == exits.CANNOT_START
    assert said.count("\n") == 1 and PASSWORD not in said
    return said


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"DRAIN_SECONDS": "soon"}, "DRAIN_SECONDS has an invalid value"),
        ({"WEB_CONCURRENCY": "0"}, "WEB_CONCURRENCY must be at least 1"),
        ({"HOST": "192.0.2.1", "SECRET_KEY": KEY}, "Change HOST or PORT"),
        ({"HOST": "not a host", "SECRET_KEY": KEY}, "Change HOST or PORT"),
        (OPEN | {"SECRET_KEY": f"changeme-{PASSWORD}-{PASSWORD}"}, "SECRET_KEY is too easy to guess"),
        ({"DATABASE_URL": f"{NOWHERE}?sslmode=sometimes"}, 'invalid sslmode value: "sometimes"). Check DATABASE_URL'),
    ],
    ids=lambda value: "" if isinstance(value, str) else " ".join(value),
)
def test_a_start_that_can_not_go_well_is_refused_in_one_sentence(
    tmp_path: Path, environ: dict[str, str], said: str
) -> None:
    assert said in refusal(tmp_path, **environ)


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"DRAIN_SECONDS": "3601"}, "DRAIN_SECONDS has an invalid value"),
        ({"ACCESS": "everyone"}, "ACCESS has an invalid value"),
        ({"FIRST_BYTE_TIMEOUT": "long"}, "FIRST_BYTE_TIMEOUT has an invalid value"),
        ({"OPENAI_BASE_URL": f"http//{PASSWORD}"}, "OPENAI_BASE_URL has an invalid value"),
        ({"HOST": "0.0.0.0"}, "SECRET_KEY is required"),
        (OPEN | {"SECRET_KEY": PASSWORD}, "SECRET_KEY is too short"),
        (OPEN | {"SECRET_KEY": "x" * 64}, "SECRET_KEY is too easy to guess"),
        (OPEN | {"SECRET_KEY": "at-least-32-random-characters-of-your-own"}, "SECRET_KEY is too easy to guess"),
        ({"INSTANCE": "/dev/null/instance"}, "Can't create or use the data folder /dev/null/instance (INSTANCE)"),
        ({"DATABASE_URL": PASSWORD}, "DATABASE_URL isn't a valid database URL"),
        ({"DATABASE_URL": f"mysql://ann:{PASSWORD}@127.0.0.1/chat"}, "DATABASE_URL isn't a valid database URL"),
        ({"DATABASE_URL": f"postgres://ann:x@{PASSWORD}@127.0.0.1/chat"}, "write @ as %40"),
        (
            {"DATABASE_URL": "sqlite:///{folder}/none/a.db"},
            "(No such file or directory: {folder}/none/a.db). Check DATABASE_URL",
        ),
    ],
    ids=lambda value: "" if isinstance(value, str) else " ".join(value),
)
def test_a_setting_that_can_not_be_used_is_refused_in_one_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], environ: dict[str, str], said: str
) -> None:
    assert said.replace("{folder}", str(tmp_path)) in refusal_here(tmp_path, capfd, environ)


@pytest.mark.parametrize("port", ["many", "70000"])
def test_a_port_that_is_none_is_refused(tmp_path: Path, port: str) -> None:
    assert "PORT has an invalid value" in refusal(tmp_path, "-b", "127.0.0.1:0", PORT=port)


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])

        assert f"Port {port} is in use" in refusal(tmp_path, PORT=port)


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """A folder that no user can write to; on Linux, root can't either."""
    folder = Path("/sys/kernel") if os.geteuid() == 0 else tmp_path / "closed"
    if folder.parent == tmp_path:
        folder.mkdir(mode=0o500)
    elif not folder.exists():
        pytest.skip("Root can write to every folder here.")
    yield folder


def test_an_instance_that_can_not_be_written_to_is_named(tmp_path: Path, closed: Path) -> None:
    said = refusal(tmp_path, INSTANCE=str(closed))

    assert "Rivulet can't start" in said and str(closed) in said


def test_a_key_that_can_not_be_kept_is_asked_for(tmp_path: Path, closed: Path) -> None:
    said = refusal(tmp_path, INSTANCE=str(closed), DATABASE_URL="sqlite:///{folder}/a.db")

    assert "SECRET_KEY isn't set, and none can be saved in" in said


def test_a_kept_key_that_is_not_whole_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "instance").mkdir()
    (tmp_path / "instance" / "secret_key").touch()

    assert "secret_key is incomplete. Delete the file" in refusal(tmp_path)


@pytest.fixture(scope="module")
def database_server(request: pytest.FixtureRequest) -> Iterator[Postgres]:
    """A PostgreSQL that asks ann for a password; tests that need it are skipped if there is none."""
    if not postgres.programs():
        pytest.skip(f"{request.node.name} needs PostgreSQL. {postgres.MISSING}")
    with postgres.postgres() as server, watching_databases(server):
        server.command("CREATE ROLE ann LOGIN PASSWORD 'another'")
        rules = server.data / "pg_hba.conf"
        rules.write_text("host all ann 127.0.0.1/32 scram-sha-256\n" + rules.read_text())
        server.command("SELECT pg_reload_conf()")
        yield server


@pytest.mark.parametrize(
    ("user", "rest", "said"),
    [
        (f"ann:{PASSWORD}", "postgres", 'password authentication failed for user "ann"'),
        ("rivulet", "postgres?sslmode=require", "server does not support SSL"),
        ("rivulet", "missing", 'database "missing" does not exist'),
    ],
)
def test_a_database_that_lets_nobody_in_is_named(
    tmp_path: Path, database_server: Postgres, user: str, rest: str, said: str
) -> None:
    address = f"postgres://{user}@127.0.0.1:{database_server.port}/{rest}"

    answer = refusal(tmp_path, DATABASE_URL=address)

    assert said in answer and answer.endswith("Check DATABASE_URL or the data folder.\n")
