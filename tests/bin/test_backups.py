"""Test bin/backup, bin/restore and bin/move as in a container: without .venv, with the Python on the PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chat.storage.database import Database
from tests.bin.checkout import ROOT
from tests.storage.backups.conftest import move_in


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout whose .env names its instance, with a conversation in it."""
    root = tmp_path / "a checkout"
    shutil.copytree(ROOT / "bin", root / "bin")
    shutil.copytree(ROOT / "chat", root / "chat", ignore=shutil.ignore_patterns("__pycache__"))
    (root / ".env").write_text("INSTANCE=data\n")
    (root / "data").mkdir()
    (root / "tools").mkdir()
    (root / "tools" / "python3").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (root / "tools" / "python3").chmod(0o755)
    database = Database(f"sqlite:///{root / 'data' / 'rivulet.db'}")
    move_in(database)
    database.dispose()
    return root


def typed(
    root: Path, script: str, *arguments: str, folder: Path | None = None, said: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a script from a folder, by default the checkout."""
    return subprocess.run(
        [str(root / "bin" / script), *arguments],
        cwd=folder or root,
        env={"PATH": f"{root / 'tools'}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        input=said,
    )


def test_a_copy_goes_where_the_settings_say_and_comes_back(root: Path) -> None:
    made = typed(root, "backup")
    (copy,) = (root / "data" / "backups").iterdir()

    back = typed(root, "restore", str(copy))

    assert (made.returncode, made.stderr, back.returncode, back.stderr) == (0, "", 0, "")
    assert str(copy) in made.stdout and f"Restored {copy}." in back.stdout
    assert not (root / ".venv").exists()


def test_a_file_is_meant_where_one_stands(root: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()

    made = typed(root, "backup", "my copy.db", folder=elsewhere)
    back = typed(root, "restore", "my copy.db", folder=elsewhere)

    assert (made.returncode, back.returncode) == (0, 0), made.stderr + back.stderr
    assert [path.name for path in elsewhere.iterdir()] == ["my copy.db"]


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("backup", ("a", "b")),
        ("backup", ("--help",)),
        ("backup", ("",)),
        ("restore", ()),
        ("restore", ("-x",)),
        ("move", ()),
        ("move", ("-x",)),
    ],
)
def test_a_wrong_use_ends_in_a_sentence(root: Path, script: str, arguments: tuple[str, ...]) -> None:
    tried = typed(root, script, *arguments)

    assert tried.returncode == 2 and tried.stderr.startswith(f"Usage: bin/{script}") and tried.stderr.count("\n") == 1


def test_a_move_says_the_address_to_nobody_who_lists_processes(root: Path) -> None:
    tell = f'tr "\\0" "\\n" </proc/$$/cmdline >"{root}/called"; echo "$RIVULET_MOVES_TO" >"{root}/told"'
    (root / "tools" / "python3").write_text(f"#!/bin/sh\n{tell}\n")

    for arguments, said in ((("postgres://a:pass-word@b/c",), ""), (("-",), "postgres://a:pass-word@b/c\n")):
        done = typed(root, "move", *arguments, said=said)

        assert done.returncode == 0, done.stderr
        assert (root / "told").read_text() == "postgres://a:pass-word@b/c\n"
        assert "from chat.storage import backups" in (root / "called").read_text()
        assert "pass-word" not in (root / "called").read_text()


def test_an_instance_moves_to_another_file(root: Path, tmp_path: Path) -> None:
    done = typed(root, "move", f"sqlite:///{tmp_path}/new.db")

    assert (done.returncode, done.stderr) == (0, "")
    assert f"tables in {tmp_path}/new.db." in done.stdout
