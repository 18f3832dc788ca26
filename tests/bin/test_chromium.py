"""Which Chromium bin/test hands to the browser tests, and what is skipped without one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bin.checkout import ROOT, Checkout

WORKS = "#!/bin/sh\n"
BROKEN = "#!/bin/sh\nexit 127\n"


def chromium_of(checkout: Checkout, **environ: str) -> str:
    """Run bin/test; gives the Chromium that the tests would use."""
    result = checkout.run("test", **environ)
    assert result.returncode == 0, result.stderr
    return checkout.environment["CHROMIUM"]


@pytest.fixture(autouse=True)
def python(checkout: Checkout) -> None:
    checkout.has_python("python3")


def test_the_chromium_that_is_named_is_taken(checkout: Checkout):
    checkout.has_tool("my-own", WORKS)
    checkout.has_tool("chromium", WORKS)

    assert chromium_of(checkout, CHROMIUM=f"{checkout.tools}/my-own") == f"{checkout.tools}/my-own"


def test_else_an_installed_one_that_runs(checkout: Checkout):
    checkout.has_tool("chromium", BROKEN)
    checkout.has_tool("google-chrome", WORKS)

    assert chromium_of(checkout) == f"{checkout.tools}/google-chrome"


@pytest.mark.skipif(os.path.exists("/Applications/Google Chrome.app"), reason="This Mac has a Chrome of its own.")
def test_else_apt_installs_one_as_root_on_debian(checkout: Checkout):
    checkout.has_tool("id", "#!/bin/sh\necho 0\n")
    checkout.has_tool("grep", f'#!/bin/sh\ncase "$*" in *ID=debian*) exit ;; esac\nexec {shutil.which("grep")} "$@"\n')
    installed = f"cp {checkout.tools}/google {checkout.tools}/chromium"
    checkout.has_tool("google", WORKS)
    checkout.has_tool("apt-get", f'#!/bin/sh\necho "$*" >>{checkout.told}/calls\n[ "$1" = update ] || {installed}\n')

    assert chromium_of(checkout) == f"{checkout.tools}/chromium"
    assert "install -y --no-install-recommends chromium" in checkout.calls


@pytest.mark.skipif(os.path.exists("/Applications/Google Chrome.app"), reason="This Mac has a Chrome of its own.")
def test_without_any_the_tests_run_and_know_that(checkout: Checkout):
    assert chromium_of(checkout) == ""
    assert "-m playwright install chromium" in checkout.calls


def test_browser_tests_without_a_chromium_are_skipped_by_name(tmp_path: Path):
    report = run_pytest(tmp_path, "browser/test_pages.py", CHROMIUM="")

    assert "No Chromium was found for test_pages.py; set CHROMIUM" in report
    assert "1 skipped" in report


def test_browser_tests_with_a_chromium_run(tmp_path: Path):
    assert "1 passed" in run_pytest(tmp_path, "browser/test_pages.py", CHROMIUM="/usr/bin/chromium")


def test_a_long_test_runs_only_when_asked_for(tmp_path: Path):
    text = "import pytest\n@pytest.mark.long\ndef test_it(): pass\n"

    assert "1 skipped" in run_pytest(tmp_path, "test_slowly.py", text=text)
    assert "1 passed" in run_pytest(tmp_path, "test_slowly.py", "--long", text=text)


def run_pytest(folder: Path, name: str, *arguments: str, text: str = "def test_it(): pass\n", **environ: str) -> str:
    """Run one test file in a folder with our plugin; gives what pytest says."""
    (folder / "tests" / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / "tests" / name).write_text(text)
    (folder / "tests/long.py").write_text((ROOT / "tests/long.py").read_text())
    (folder / "tests/conftest.py").write_text('pytest_plugins = ["tests.long"]\n')
    (folder / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout
