"""Test which tests tests/long.py skips, and the reasons that it prints."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.bin.checkout import ROOT


def test_browser_tests_without_a_chromium_are_skipped_by_name(tmp_path: Path):
    report = run_pytest(tmp_path, "browser/test_pages.py", CHROMIUM="")

    assert "No Chromium was found for test_pages.py; set CHROMIUM" in report
    assert "1 skipped" in report


def test_browser_tests_with_a_chromium_run(tmp_path: Path):
    assert "1 passed" in run_pytest(tmp_path, "browser/test_pages.py", CHROMIUM="/usr/bin/chromium")


def test_a_long_test_runs_only_when_asked_for(tmp_path: Path):
    assert "1 skipped" in run_pytest(tmp_path, "test_slowly.py", text=marked("long"))
    assert "1 passed" in run_pytest(tmp_path, "test_slowly.py", "--long", text=marked("long"))


def test_a_test_that_needs_firefox_nginx_or_pgbouncer_is_skipped_by_name_without(tmp_path: Path):
    report = run_pytest(tmp_path, "test_all.py", text=marked("firefox", "nginx", "pgbouncer"), FIREFOX="", PATH="")

    assert "No Firefox was found for test_all.py; set FIREFOX" in report
    assert "No nginx was found for test_all.py" in report
    assert "No PgBouncer was found for test_all.py" in report
    assert "3 skipped" in report


def test_a_test_that_needs_firefox_runs_with_one(tmp_path: Path):
    assert "1 passed" in run_pytest(tmp_path, "test_it.py", text=marked("firefox"), FIREFOX="/usr/bin/firefox")


def marked(*marks: str) -> str:
    """Write a test for each mark."""
    return "import pytest\n" + "".join(f"@pytest.mark.{mark}\ndef test_{mark}(): pass\n" for mark in marks)


def run_pytest(folder: Path, name: str, *arguments: str, text: str = "def test_it(): pass\n", **environ: str) -> str:
    """Run one test file in a folder with our plugin; return pytest's output."""
    (folder / "tests" / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / "tests" / name).write_text(text)
    (folder / "tests/long.py").write_text((ROOT / "tests/long.py").read_text())
    (folder / "tests/conftest.py").write_text('pytest_plugins = ["tests.long"]\n')
    (folder / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "pytest_timeout", *arguments],
        cwd=folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **environ},
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout
