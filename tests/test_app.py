"""Test the app as a whole: the clients it serves, the key it keeps, and what survives a restart."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

import app as front_door
from chat import config
from chat.web import access
from tests.asking import addresses, begin, ended, named, rows
from tests.marked import SECRETS
from tests.scripted import Scripted

KEY = SECRETS["SECRET_KEY"]
REMOTE = {"REMOTE_ADDR": "192.0.2.7"}


def built(tmp_path: Path, **environ: str) -> Flask:
    """Create an app with a scripted provider from an environment."""
    settings = config.load({"INSTANCE": str(tmp_path / "instance"), **environ})
    return front_door.build(settings, {"scripted": Scripted()})


def test_beyond_loopback_strangers_reach_nothing_but_what_the_gate_names(tmp_path: Path) -> None:
    app = built(tmp_path, HOST="0.0.0.0", SECRET_KEY=KEY)
    client = app.test_client()

    for method, address, rule in addresses(app):
        if rule.endpoint in access.PUBLIC:
            continue
        page = client.open(address, method=method, data={"text": "Hello?"} if method == "POST" else None)
        text = client.open(address, method=method, headers={"Accept": "text/plain"})
        htmx = client.open(address, method=method, headers={"HX-Request": "true"})
        assert page.status_code == (303 if method == "GET" else 401), address
        assert method == "POST" or page.headers["Location"].startswith("/sign-in"), address
        assert text.status_code == 401 and text.text.startswith("Sign in to continue") and text.text.count("\n") == 1
        assert htmx.status_code == 401 and htmx.headers["HX-Redirect"].startswith("/sign-in")

    assert client.get("/nope").headers["Location"] == "/sign-in?next=/nope"
    assert set(rows(app).values()) == {0}


def test_beyond_loopback_access_open_lets_anyone_in(tmp_path: Path) -> None:
    client = built(tmp_path, HOST="0.0.0.0", SECRET_KEY=KEY, ACCESS="open").test_client()

    page = client.get("/", headers={"Host": "chat.example"}, environ_overrides=REMOTE)

    assert page.status_code == 200 and "What would you like to know?" in page.text


def test_a_request_from_elsewhere_is_shut_out_whatever_the_server_listens_on(client: FlaskClient) -> None:
    page = client.get("/", environ_overrides=REMOTE)
    send = client.post("/conversations", data={"text": "Hello?"}, environ_overrides=REMOTE)

    assert page.status_code == send.status_code == 503
    assert "ACCESS=open" in page.text and "ACCESS=open" in send.text


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8000", "[half", "a b", "localhost:x"]
)
def test_on_loopback_a_name_that_somebody_else_pointed_here_is_refused(client: FlaskClient, host: str) -> None:
    response = client.get("/", headers={"Host": host})

    assert response.status_code == 400


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000"])
def test_on_loopback_its_own_names_are_answered(client: FlaskClient, host: str) -> None:
    response = client.get("/", headers={"Host": host})

    assert response.status_code == 200


def test_trusted_hosts_are_the_only_ones_answered(tmp_path: Path) -> None:
    app = built(
        tmp_path, HOST="0.0.0.0", SECRET_KEY=KEY, ACCESS="open", TRUSTED_HOSTS="Chat.example, [2001:db8::1]:8000"
    )
    client = app.test_client()

    assert client.get("/", headers={"Host": "chat.EXAMPLE:8080"}).status_code == 200
    assert client.get("/", headers={"Host": "[2001:db8::1]"}).status_code == 200
    assert client.get("/", headers={"Host": "other.example"}).status_code == 400
    # A health checker may know only an address.
    assert client.get("/healthz", headers={"Host": "172.19.0.2:8000"}).status_code == 200


BEYOND = {"HOST": "0.0.0.0", "SECRET_KEY": KEY}


@pytest.mark.parametrize(
    ("environ", "answered", "refused"),
    [
        (BEYOND, ["chat.example.org", "CHAT.example.org:8443"], ["evil.example", "localhost", "10.1.2.3", "[half"]),
        ({"ACCESS": "team", "SECRET_KEY": KEY}, ["chat.example.org"], ["evil.example", "localhost:8000"]),
        ({}, ["localhost:8000", "127.0.0.1", "[::1]:8000"], ["evil.example", "chat.example.org"]),
        (BEYOND | {"TRUSTED_HOSTS": "other.example"}, ["other.example"], ["chat.example.org"]),
        (BEYOND | {"APP_URL": "http://[2001:db8::1]:8000"}, ["[2001:db8::1]"], ["[2001:db8::2]", "chat.example.org"]),
    ],
)
def test_where_no_names_are_trusted_only_that_of_app_url_is_answered(
    tmp_path: Path, environ: dict[str, str], answered: list[str], refused: list[str]
) -> None:
    """LB 25-59426: a host that a header names.

    Also: without ACCESS, a proxy in front of loopback must not let everyone in.
    """
    client = built(tmp_path, **{"APP_URL": "https://chat.example.org/", **environ}).test_client()

    statuses = {host: client.get("/", headers={"Host": host}).status_code for host in [*answered, *refused]}

    assert {statuses[host] for host in answered} <= {200, 303}
    assert {statuses[host] for host in refused} == {400}
    for path in ("/healthz", "/readyz"):
        assert client.get(path, headers={"Host": "10.1.2.3:8000"}).status_code == 200


def test_who_comes_by_another_name_is_told_what_to_set_and_not_what_they_sent(tmp_path: Path) -> None:
    client = built(tmp_path, **BEYOND, APP_URL="https://chat.example.org").test_client()

    page = client.get("/", headers={"Host": "evil.example"}).text

    assert "APP_URL" in page and "TRUSTED_HOSTS" in page
    assert "evil" not in page and "chat.example.org" not in page
    styles = re.findall(r'href="([^"]+\.css)"', page)
    assert styles and {client.get(path, headers={"Host": "evil.example"}).status_code for path in styles} == {200}


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"HOST": "0.0.0.0"}, "SECRET_KEY"),
        ({"HOST": "0.0.0.0", "ACCESS": "open"}, "SECRET_KEY"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"ACCESS": "everyone"}, "ACCESS"),
        ({"DATABASE_URL": "nonsense"}, "DATABASE_URL"),
        ({"INSTANCE": "/dev/null/instance"}, "INSTANCE"),
    ],
)
def test_what_can_not_start_says_why_in_one_line_and_ends_with_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], environ: dict[str, str], named: str
) -> None:
    with pytest.raises(SystemExit) as ended_with:
        front_door.create_app({"INSTANCE": str(tmp_path), "LOCAL_MODEL": "off", **environ})

    said = capsys.readouterr().err
    assert ended_with.value.code == 3
    assert named in said and said.count("\n") == 1 and "Traceback" not in said


@pytest.mark.parametrize("environ", [{}, {"ACCESS": "open"}])
def test_on_loopback_a_key_is_made_once_for_its_owner_alone(tmp_path: Path, environ: dict[str, str]) -> None:
    first, second = built(tmp_path, **environ), built(tmp_path, **environ)

    kept = tmp_path / "instance" / "secret_key"
    assert first.secret_key == second.secret_key == kept.read_text()
    assert len(kept.read_text()) >= 32 and stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_key_that_was_brought_back_for_all_to_read_is_for_its_owner_alone_again(tmp_path: Path) -> None:
    built(tmp_path)
    kept = tmp_path / "instance" / "secret_key"
    kept.chmod(0o644)

    built(tmp_path)

    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys; from chat.config import secret_key;"
        "print(secret_key.read_or_create_key(pathlib.Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "secret_key")]
    root = Path(front_door.__file__).parent

    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(subprocess.check_output, command, text=True, cwd=root) for _ in range(4)]
        keys = {run.result().strip() for run in runs}

    assert len(keys) == 1 and len(keys.pop()) >= 32
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_history_and_session_outlive_a_restart(tmp_path: Path) -> None:
    before = built(tmp_path).test_client()
    conversation = begin(before, "Do you remember me?")
    ended(before, conversation)
    cookie = before.get_cookie(named(before))
    assert cookie

    after = built(tmp_path).test_client()
    after.set_cookie(named(after), cookie.value)
    page = after.get(f"/conversations/{conversation}")

    assert page.status_code == 200
    assert "Do you remember me?" in page.text and "Nothing was scripted." in page.text


def test_what_hardly_anybody_needs_is_not_loaded(tmp_path: Path) -> None:
    code = """
import sys
from app import create_app
create_app({"INSTANCE": sys.argv[1], "LOCAL_MODEL": "off"}, watching=False).test_client().get("/")
print(sorted({"alembic", "authlib", "cryptography", "joserfc"} & sys.modules.keys()))
"""
    built(tmp_path)  # upgrades the database, which loads Alembic
    command = [sys.executable, "-c", code, str(tmp_path / "instance")]

    loaded = subprocess.check_output(command, text=True, cwd=Path(front_door.__file__).parent)

    assert loaded == "[]\n"
