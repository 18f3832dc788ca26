"""Test another commit's tree: its checkout, its Python, and the measurement of its server."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from bench import stored, trees
from bench.setup import Setup
from bench.trees import HERE, ROOT, Tree, check_out

AUTHOR = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"]
CONFIG = "import os\n\nbind = f'127.0.0.1:{os.environ[\"PORT\"]}'\n"
APP = """
from flask import Flask


def create_app():
    app = Flask("app")
    app.get("/")(lambda: {said!r})
    return app
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small repository instead of ours; its app needs the same packages."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet")
    monkeypatch.setattr(trees, "ROOT", folder)
    write(folder, (ROOT / trees.REQUIREMENTS).read_text(), APP.format(said="first"))
    return folder


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """An empty folder."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    return folder


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *AUTHOR, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def write(folder: Path, requirements: str, app: str) -> None:
    """Commit an app and its requirements."""
    (folder / "requirements.txt").write_text(requirements)
    (folder / "app.py").write_text(app)
    (folder / "gunicorn.conf.py").write_text(CONFIG)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "Change the app")


def later(folder: Path, requirements: str | None = None) -> None:
    """Commit another app, and new requirements if some are given."""
    kept = (folder / "requirements.txt").read_text()
    write(folder, kept if requirements is None else requirements, APP.format(said="second"))


def test_a_commit_is_checked_out_as_it_was(repository: Path, checkout: Path) -> None:
    later(repository)

    tree = check_out("HEAD~1", checkout)

    assert tree == Tree(checkout, sys.executable, git(repository, "rev-parse", "HEAD~1").strip())
    assert "first" in (checkout / "app.py").read_text()


def test_other_requirements_get_an_environment_of_their_own_once(
    repository: Path, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(repository, "# It needs nothing.\n", APP)
    later(repository, "flask\n")

    pythons = {check_out("HEAD~1", checkout).python for _ in range(2)}

    [python] = pythons
    assert Path(python).is_relative_to(repository / "build" / "against")
    assert subprocess.run([python, "-c", "import flask"], capture_output=True).returncode == 1
    assert capsys.readouterr().err.count("Installing the packages of") == 1


def test_the_server_of_another_commit_is_its_own(repository: Path, tmp_path: Path) -> None:
    later(repository)

    other = Setup(tmp_path, "http://127.0.0.1:9/v1").at("HEAD~1")

    with other.ours() as server, urllib.request.urlopen(server.url) as response:
        assert response.read() == b"first"


def test_conversations_are_stored_only_where_the_migrations_are_the_same(tmp_path: Path) -> None:
    assert stored.fits(HERE)
    assert not stored.fits(Tree(tmp_path))
