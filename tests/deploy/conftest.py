"""What the tests of the deployments share: a PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import postgres


@pytest.fixture(scope="module")
def database_server(request: pytest.FixtureRequest) -> Iterator[postgres.Postgres]:
    """A PostgreSQL; what needs it is skipped where there is none."""
    if not postgres.programs():
        pytest.skip(f"{request.node.name} needs PostgreSQL. {postgres.MISSING}")
    with postgres.postgres() as server:
        yield server
