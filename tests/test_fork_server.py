"""A server of the fork server runs as one that Python starts: only sooner."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import fork_server
from tests.serving import ROOT

ENVIRON = {"PATH": os.environ.get("PATH", ""), "TZ": "Asia/Tokyo"}

HARMLESS = {
    ("click.globals", "local"),
    ("click.globals", "_local"),
    ("jinja2.utils", "Lock"),
    ("werkzeug.routing.map", "Lock"),
    ("sqlalchemy.dialects.sqlite.aiosqlite", "Thread"),
    ("alembic.util.editor", "check_call"),
}
"""What libraries keep of the unpatched Python: nothing waits while it holds these locks, and the rest isn't used."""

LOAD = """
import gunicorn.arbiter, gunicorn.workers.ggevent, importlib, sys
deployed = set(sys.modules)
from tests.fork_server import LIBRARIES
for library in LIBRARIES:
    importlib.import_module(library)
loaded = [name for name in set(sys.modules) - deployed if name.split(".")[0] not in sys.stdlib_module_names]
"""

KEPT = """
from gevent import monkey
monkey.patch_all()
replaced = {id(value) for saved in monkey.saved.values() for value in saved.values() if callable(value)}
for module in loaded:
    for name, value in list(vars(sys.modules[module]).items()):
        bases = value.__mro__ if issubclass(type(value), type) else [value, type(value)]
        if replaced & set(map(id, bases)):
            print(module, name)
"""

READ = """
import os
class Environ(type(os.environ)):
    def __getitem__(self, name):
        print(name)
        return super().__getitem__(name)
os.environ.__class__ = Environ
"""

THEIRS = re.compile(r"_?PYTHON|PURE_PYTHON|GEVENT_|ZOPE_|HOME$|LANG|LC_")
"""Variables that only libraries read, and that no server is started with."""


def run(code: str) -> list[str]:
    return subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).splitlines()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="The test reads the files of processes in /proc.")
def test_a_process_is_what_python_itself_would_start(tmp_path: Path) -> None:
    log, other = tmp_path / "log", tmp_path / "other"
    forked = fork_server.start("tests.surroundings", "one", "two", environ=ENVIRON, log=log)
    with other.open("ab") as file:
        started = subprocess.Popen(
            [sys.executable, "-m", "tests.surroundings", "one", "two"],
            cwd=ROOT,
            env=ENVIRON,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )

    assert forked.wait(60) == started.wait(60) == 7
    assert json.loads(log.read_text()) == json.loads(other.read_text().replace(str(other), str(log)))


def test_its_end_by_a_signal_has_the_signals_number(tmp_path: Path) -> None:
    forked = fork_server.start("http.server", "0", environ=ENVIRON, log=tmp_path / "log")
    assert forked.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        forked.wait(0)

    forked.terminate()

    assert forked.wait(60) == forked.poll() == -signal.SIGTERM


def test_no_library_keeps_what_gevent_replaces() -> None:
    assert {tuple(line.split()) for line in run(LOAD + KEPT)} <= HARMLESS


def test_no_library_reads_the_settings_of_a_server() -> None:
    names = set(run(READ + LOAD))

    assert names and {name for name in names if not THEIRS.match(name)} == set()


def test_nothing_of_ours_is_loaded() -> None:
    assert run(LOAD + "print(*{'app', 'chat'} & set(sys.modules))") == [""]
