"""Fixtures for the tests of the scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bin.checkout import Checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A fresh clone, on a machine without any Python."""
    return Checkout(tmp_path)
