"""Test which Python bin/run uses, and how it creates its virtual environment."""

from __future__ import annotations

import pytest

from tests.bin.checkout import Checkout

SHIM = "#!/bin/sh\necho 'pyenv: command not found' >&2\nexit 127\n"


def test_the_newest_python_is_taken(checkout: Checkout):
    for minor in (11, 13, 12):
        checkout.has_python(f"python3.{minor}", (3, minor))

    result = checkout.run("run")

    assert result.returncode == 0, result.stderr
    assert checkout.chosen == (3, 13)


def test_a_shim_that_stands_for_no_python_is_passed_over(checkout: Checkout):
    checkout.has_tool("python3.13", SHIM)
    checkout.has_python("python3.11", (3, 11))

    result = checkout.run("run")

    assert result.returncode == 0
    assert checkout.chosen == (3, 11)
    assert "pyenv" not in result.stderr


def test_an_installed_python_is_found_though_the_folder_names_another(checkout: Checkout):
    checkout.has_python("real", (3, 11))
    checkout.has_tool("python3.11", f'#!/bin/sh\n[ "$PWD" = / ] || exit 127\nexec {checkout.tools}/real "$@"\n')

    result = checkout.run("run")

    assert result.returncode == 0, result.stderr
    assert checkout.calls[0] == "-m venv .venv"


@pytest.mark.parametrize("version", [(3, 10), (3, 15), (2, 7)])
def test_a_python_too_old_or_too_new_is_none(checkout: Checkout, version: tuple[int, int]):
    checkout.has_python("python3", version)

    result = checkout.run("run")

    assert result.returncode == 3
    assert result.stderr.startswith("Rivulet needs Python 3.11 to 3.14. Install it, or uv,")
    assert checkout.calls == []


def test_without_any_python_a_sentence_says_what_to_install(checkout: Checkout):
    result = checkout.run("run")

    assert (result.returncode, result.stdout) == (3, "")
    assert result.stderr.count("\n") == 1
    assert not (checkout.root / ".venv").exists()


def test_without_any_python_uv_brings_one(checkout: Checkout):
    checkout.has_python("uvs-own")
    checkout.has_tool("uv", f'#!/bin/sh\necho "uv $*" >>{checkout.told}/calls\nexec uvs-own -m venv .venv\n')

    result = checkout.run("run")

    assert result.returncode == 0, result.stderr
    assert checkout.calls[0] == "uv venv --quiet --seed --python >=3.11,<3.15 .venv"


def test_uv_makes_the_environment_where_ensurepip_is_missing(checkout: Checkout):
    checkout.has_python("python3", lacks=("ensurepip",))
    checkout.has_tool("uv", f'#!/bin/sh\necho "uv $*" >>{checkout.told}/calls\nexec python3 -m venv .venv\n')

    result = checkout.run("run")

    assert result.returncode == 0, result.stderr
    assert checkout.calls[0] == f"uv venv --quiet --seed --python {checkout.tools}/python3 .venv"


def test_virtualenv_makes_it_where_there_is_no_uv_either(checkout: Checkout):
    checkout.has_python("python3", lacks=("ensurepip", "virtualenv"))
    checkout.has_tool("virtualenv", '#!/bin/sh\nexec python3 -m virtualenv "$@"\n')

    result = checkout.run("run")

    assert result.returncode == 0, result.stderr
    assert checkout.calls[0] == f"-m virtualenv --quiet --python {checkout.tools}/python3 .venv"


def test_an_older_python_that_can_make_it_is_better_than_a_newer_that_cannot(checkout: Checkout):
    checkout.has_python("python3.13", (3, 13), lacks=("ensurepip", "virtualenv"))
    checkout.has_python("python3.11", (3, 11))

    result = checkout.run("run")

    assert result.returncode == 0
    assert checkout.chosen == (3, 11)


def test_debian_without_venv_is_told_the_command_to_type(checkout: Checkout):
    checkout.has_python("python3", (3, 11), lacks=("ensurepip", "virtualenv"))
    checkout.has_tool("apt-get", "#!/bin/sh\nexit 1\n")

    result = checkout.run("run")

    assert result.returncode == 3
    assert "sudo apt install python3.11-venv" in result.stderr
    assert not (checkout.root / ".venv").exists()


def test_elsewhere_uv_or_virtualenv_are_named(checkout: Checkout):
    checkout.has_python("python3", (3, 11), lacks=("ensurepip", "virtualenv"))

    result = checkout.run("run")

    assert result.returncode == 3
    assert "Install uv or virtualenv" in result.stderr


def test_no_half_made_environment_is_left_behind(checkout: Checkout):
    checkout.has_python("python3")
    checkout.tell("venv-fails")

    result = checkout.run("run")

    assert result.returncode == 1
    assert "Couldn't create the virtual environment" in result.stderr
    assert not (checkout.root / ".venv").exists()


@pytest.mark.parametrize(("sign", "code"), [("INT", 130), ("TERM", 143)])
def test_a_stop_while_the_environment_is_made_leaves_none_and_ends_with_the_code_of_the_signal(
    checkout: Checkout, sign: str, code: int
):
    checkout.has_python("python3", lacks=("ensurepip",))
    checkout.has_tool("uv", f"#!/bin/sh\nmkdir -p .venv\nkill -{sign} $PPID\n")

    result = checkout.run("run")

    assert (result.returncode, result.stderr) == (code, "")
    assert not (checkout.root / ".venv").exists()


def test_an_environment_whose_python_is_gone_is_made_anew(checkout: Checkout):
    checkout.has_python("python3")
    (checkout.root / ".venv/bin").mkdir(parents=True)
    (checkout.root / ".venv/bin/python").symlink_to("/nowhere/python3.9")
    (checkout.root / ".venv/requirements.txt.installed").write_text("a stamp")

    result = checkout.run("run")

    assert result.returncode == 0, result.stderr
    assert checkout.calls[0] == "-m venv .venv"
    assert checkout.installs == ["requirements.txt"]
