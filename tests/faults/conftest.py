"""Fixtures for the faults: a model that counts its calls."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.model import Model


@pytest.fixture
def model() -> Iterator[Model]:
    """A model's server."""
    with Model() as model:
        yield model
