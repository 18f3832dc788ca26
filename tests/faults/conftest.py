"""What the faults share: a model that counts its calls, and a PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import postgres
from tests.faults.model import Model


@pytest.fixture
def model() -> Iterator[Model]:
    """A model's server."""
    with Model() as model:
        yield model


@pytest.fixture(scope="module")
def database_server(request: pytest.FixtureRequest) -> Iterator[postgres.Postgres]:
    """A PostgreSQL; what needs it is skipped where there is none."""
    if not postgres.programs():
        pytest.skip(f"{request.node.name} needs PostgreSQL. {postgres.MISSING}")
    with postgres.postgres() as server:
        yield server
