"""Fixtures for the tests of signing in: a team's instance."""

from __future__ import annotations

import pytest
from flask import Flask


@pytest.fixture
def app(team_app: Flask) -> Flask:
    """An app that a team shares."""
    return team_app
