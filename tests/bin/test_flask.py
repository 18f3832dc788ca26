"""Test flask's commands beside a running server, and bin/flask, which finds the settings."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.scripted import Gate
from tests.serving import KEY, ROOT, Gunicorn, Upstream, gunicorn, upstream
from tests.team import PASSWORD

EMAIL = "bob@example.org"


@pytest.fixture
def model() -> Iterator[Upstream]:
    """A model's server."""
    with upstream() as server:
        yield server


def beside(server: Gunicorn, *arguments: str) -> str:
    """Run a command beside a server; return its output."""
    command = [sys.executable, "-m", "flask", "--app", "app", *arguments]
    environ = {**server.environ, "FLASK_SKIP_DOTENV": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_commands_reach_the_people_of_a_server_that_runs(tmp_path: Path, model: Upstream) -> None:
    """Security F23: a user who is suspended in mid-answer receives no more of it."""
    gate = Gate()
    model.will_say("Once ", gate, "upon a time")
    with gunicorn(tmp_path, model, ACCESS="team", SECRET_KEY=KEY) as server, requests.Session() as browser:
        beside(server, "user", "add", "ann@example.org", "--admin")
        form = {"name": "Bob", "email": EMAIL, "password": PASSWORD}
        place = browser.get(beside(server, "invite")).url
        joined = browser.post(place, data=form)
        assert (joined.status_code, joined.url) == (200, f"{server.url}/".replace("127.0.0.1", "localhost"))
        url = joined.url + "conversations"
        told = browser.post(url, data={"text": "Tell me"}, headers={"Accept": "text/plain"}, stream=True, timeout=30)
        gate.wait_until_reached()

        began = time.monotonic()
        beside(server, "user", "suspend", EMAIL)
        said = told.text

        assert "upon a time" not in said
        assert time.monotonic() - began < 30
        assert browser.get(joined.url, allow_redirects=False).status_code == 303
        assert "suspended" in beside(server, "user", "list")
        gate.open()


def test_bin_flask_reads_the_settings_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for name in ("flask", "lib.sh", "read_dotenv.py"):
        (tmp_path / "bin" / name).write_bytes((ROOT / "bin" / name).read_bytes())
    (tmp_path / "bin" / "flask").chmod(0o755)
    for name in ("app.py", "chat", "templates", "static"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".env").write_text("INSTANCE=data\nLOCAL_MODEL=off\n")
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "python3").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (tmp_path / "tools" / "python3").chmod(0o755)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environ = {"PATH": f"{tmp_path / 'tools'}:{os.environ['PATH']}"}
        command = [str(tmp_path / "bin" / "flask"), *arguments]
        return subprocess.run(command, cwd="/", env=environ, capture_output=True, text=True, timeout=60)

    added, again = run("user", "add", EMAIL), run("user", "add", EMAIL)

    assert (added.returncode, again.returncode) == (0, 1), added.stderr
    assert (tmp_path / "data" / "rivulet.db").exists()
    assert "Usage: bin/flask user add " in run("user", "add", "--help").stdout
