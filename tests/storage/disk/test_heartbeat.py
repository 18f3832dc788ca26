"""Test that two machines can't share one SQLite file on a network share, but servers on one machine can."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

from chat.storage.disk import heartbeat
from chat.storage.disk.heartbeat import Heartbeat
from chat.storage.engines import DatabaseUnusable
from tests.long import SFTP
from tests.serving import PATIENCE, ROOT, Gunicorn, Upstream, gunicorn
from tests.turns import eventually

ANOTHER = """
import sys, time
from pathlib import Path
from chat.storage.disk import heartbeat
heartbeat.BEAT = heartbeat.WATCH = 0.05
heartbeat.machine = lambda folder: sys.argv[2]
heartbeat.Heartbeat(Path(sys.argv[1])).begin()
print("begun", flush=True)
time.sleep(60)
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database on a share, where a start looks for a second."""
    monkeypatch.setattr(heartbeat, "BEAT", 0.1)
    monkeypatch.setattr(heartbeat, "WATCH", 1.0)
    return tmp_path / "rivulet.db"


@contextmanager
def machine(file: Path, name: str) -> Iterator[subprocess.Popen[str]]:
    """Let another machine use a file."""
    command = [sys.executable, "-c", ANOTHER, str(file), name]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout and process.stdout.readline() == "begun\n"
            yield process
        finally:
            process.kill()


def test_a_file_that_another_machine_uses_is_refused_with_its_name_until_that_ends(file: Path) -> None:
    with machine(file, "zzz"), pytest.raises(DatabaseUnusable, match="is using the same database on a network share"):
        Heartbeat(file).begin()
    assert [path.name for path in file.parent.iterdir()] == ["rivulet.db-on-zzz"]

    Heartbeat(file)._look_first()
    assert list(file.parent.iterdir()) == []


def test_servers_of_one_machine_are_one(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "machine", lambda folder: "zzz")

    with machine(file, "zzz"):
        Heartbeat(file)._look_first()


def test_of_two_that_began_at_the_same_moment_one_ends(file: Path) -> None:
    with machine(file, "bbb") as later:
        earlier = Heartbeat(file)  # which saw no other machine
        earlier.own = file.with_name("rivulet.db-on-aaa")
        eventually(lambda: earlier._beat() or later.poll() is not None)

        assert later.returncode == 3
        assert later.stderr and "Stop Rivulet there" in later.stderr.read()


def test_another_mount_of_a_folder_is_another_machine(tmp_path: Path) -> None:
    assert heartbeat.machine(tmp_path) == heartbeat.machine(tmp_path) != heartbeat.machine(Path("/proc"))


@pytest.fixture
def shares(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """One folder, mounted twice with sshfs: locks and memory don't reach from one mount to the other."""
    remote, ssh = tmp_path / "remote", tmp_path / "ssh"
    remote.mkdir()
    ssh.write_text(f"#!/bin/sh\nexec {SFTP}\n")
    ssh.chmod(0o755)
    with ExitStack() as stack:
        folders = tmp_path / "one", tmp_path / "two"
        for folder in folders:
            folder.mkdir()
            subprocess.run(["sshfs", "-o", f"ssh_command={ssh}", f"localhost:{remote}", folder], check=True)
            stack.callback(partial(subprocess.run, ["fusermount3", "-u", "-z", folder], check=True))
        yield folders


@pytest.mark.sshfs
def test_on_sshfs_one_server_is_warned_and_a_second_one_does_not_start(
    shares: tuple[Path, Path], tmp_path: Path
) -> None:
    model, folders = Upstream(), [tmp_path / name for name in ("first", "beside", "second")]
    for folder in folders:
        folder.mkdir()
    with gunicorn(folders[0], model, INSTANCE=str(shares[0]), WEB_CONCURRENCY="2") as first:
        with gunicorn(folders[1], model, INSTANCE=str(shares[0])) as beside:
            assert beside.answers()
        second = Gunicorn(folders[2], model, INSTANCE=str(shares[1]))
        second.launch()
        code = second.process.wait(PATIENCE)
        assert first.answers()

    said = second.log.read_text()
    assert code == 3 and "is using the same database on a network share" in said
    assert "Traceback" not in said and "Rivulet is at" not in said
    assert f"is on a network share (fuse.sshfs at {shares[0]})" in first.log.read_text()
    model.server_close()
