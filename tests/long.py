"""A pytest plugin that skips slow tests and tests that can't run here. The closing lines name what it skipped.

`--long` includes the tests that take long or need the network. Tests in tests/browser need CHROMIUM, the path of a
Chromium; tests with the mark firefox need FIREFOX. bin/test sets both. Other marks stand for nginx, PgBouncer and
sshfs.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

SFTP = Path("/usr/lib/openssh/sftp-server")
TESTS = Path(__file__).parent
BROWSER = TESTS / "browser"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run the tests that take long or need the network")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests that can't run as skipped, with the reason."""
    for item in items:
        if reason := reason_to_skip(config, item):
            item.add_marker(pytest.mark.skip(reason=reason))


def reason_to_skip(config: pytest.Config, item: pytest.Item) -> str | None:
    """Return a sentence that says why a test can't run; None if it can."""
    if item.get_closest_marker("long") and not config.getoption("--long"):
        return "This test takes long or needs the network; --long runs it."
    if BROWSER in item.path.parents and not os.environ.get("CHROMIUM"):
        return f"No Chromium was found for {item.path.name}; set CHROMIUM to the path of one."
    if item.get_closest_marker("firefox") and not os.environ.get("FIREFOX"):
        return f"No Firefox was found for {item.path.name}; set FIREFOX to the path of one."
    if item.get_closest_marker("nginx") and not shutil.which("nginx"):
        return f"No nginx was found for {item.path.name}; install one."
    if item.get_closest_marker("pgbouncer") and not shutil.which("pgbouncer"):
        return f"No PgBouncer was found for {item.path.name}; install one."
    if item.get_closest_marker("sshfs") and not (can_mount() and shutil.which("sshfs") and SFTP.exists()):
        return f"{item.path.name} needs FUSE, sshfs and sftp-server (Debian: sshfs, openssh-sftp-server)."
    return None


def can_mount() -> bool:
    """Tell whether FUSE works here."""
    return os.access("/dev/fuse", os.R_OK | os.W_OK) and shutil.which("fusermount3") is not None
