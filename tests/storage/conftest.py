"""Fixtures for the tests of storage: a database, and this process acting as a future version."""

from __future__ import annotations

from pathlib import Path

import pytest

from chat.storage import schema
from tests import versions


@pytest.fixture(autouse=True)
def migrations(real_migrations: None) -> None:
    """Migrate as instances do."""


@pytest.fixture
def present(tmp_path: Path) -> Path:
    """A database of this version, with a person in it."""
    return versions.present(tmp_path)


@pytest.fixture
def to_come(present: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a future version's migrations; this process acts as that version after `present` exists."""
    folder = versions.migrations_to_come(tmp_path_factory.mktemp("to_come") / "migrations")
    monkeypatch.setattr(schema, "HEAD", versions.NEXT)
    monkeypatch.setattr(schema, "MIGRATIONS", folder)
    return folder
