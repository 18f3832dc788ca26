"""Test an unsuitable processor: the page says so, and the model's process isn't restarted again and again."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from chat.providers import local
from chat.providers.errors import ProviderError
from chat.providers.local import Local, machine
from chat.providers.local.child import Child
from tests.providers.local.test_problems import QUESTION, weights

__all__ = ["weights"]

DIES = "import os, signal, sys; open(sys.argv[1] + '.starts', 'a').write('x'); os.kill(os.getpid(), signal.SIGILL)"
"""A child that dies when it loads the model; it leaves a mark beside the lock."""

DIES_LATER = """
import fcntl, os, signal, socket, sys
open(sys.argv[1] + ".starts", "a").write("x")
lock = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(lock, fcntl.LOCK_EX)
listening = socket.create_server(("127.0.0.1", 0))
os.write(lock, f"{listening.getsockname()[1]} key".encode())
while True:
    connection, _ = listening.accept()
    if connection.recv(65536).startswith(b"POST"):
        os.kill(os.getpid(), signal.SIGILL)
    connection.close()
"""
"""A child that dies when it begins an answer."""


@pytest.fixture(autouse=True)
def able(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ignore this machine's processor: no reason against it is known."""
    monkeypatch.setattr(local.machine, "lacks_avx2", lambda: False)


@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize("script", [DIES, DIES_LATER], ids=["at the start", "in an answer"])
def test_a_child_that_dies_of_an_instruction_is_not_started_again(tmp_path: Path, monkeypatch, script: str):
    lock = tmp_path / "local-model.lock"
    monkeypatch.setattr(Child, "_command", lambda _: [sys.executable, "-c", script, str(lock)])
    model = Local(tmp_path)
    assert model.working

    for _ in range(3):
        with pytest.raises(ProviderError, match="processor can't run the demo model"):
            list(model.create_completion("", QUESTION, True))

    assert Path(f"{lock}.starts").read_text() == "x"
    assert not model.working and "Connect another model." in str(model.problem())


@pytest.mark.usefixtures("weights")
def test_a_processor_without_avx2_is_said_so_before_anything_is_started(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(local.machine, "lacks_avx2", lambda: True)
    monkeypatch.setattr(Child, "_start", lambda _: pytest.fail("It was started."))

    model = Local(tmp_path)

    assert "processor can't run the demo model" in str(model.problem())
    with pytest.raises(ProviderError, match="processor can't run"):
        list(model.create_completion("", QUESTION, True))


@pytest.mark.parametrize(
    ("cpuinfo", "lacking"),
    [
        ("processor\t: 0\nflags\t\t: fpu sse2 avx avx2 fma\n", False),
        ("processor\t: 0\nflags\t\t: fpu sse2 avx\n\nprocessor\t: 1\nflags\t\t: fpu sse2 avx\n", True),
        ("processor\t: 0\nflags\t\t: fpu avx2x\n", True),
        ("processor\t: 0\nFeatures\t: fp asimd\n", False),
        (None, False),
    ],
    ids=["with", "without", "of another name", "arm", "unknown"],
)
def test_the_kernel_tells_what_a_processor_can(tmp_path: Path, monkeypatch, cpuinfo: str | None, lacking: bool):
    monkeypatch.undo()
    (tmp_path / "proc").mkdir()
    if cpuinfo is not None:
        (tmp_path / "proc/cpuinfo").write_text(cpuinfo)

    assert machine.lacks_avx2(tmp_path) is lacking
