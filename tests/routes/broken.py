"""Run the app with streams that break: answers after their first words, the audit log after its first rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from flask import Flask
from sqlalchemy import Row
from sqlalchemy.exc import OperationalError

import app
from chat.people import audit
from chat.replies import Follower
from chat.storage.database import Database

QUOTED = "what no log may quote"


def create_app() -> Flask:
    """Build the app for gunicorn in the tests."""
    Follower.next = breaking_next(Follower.next)  # type: ignore[method-assign, assignment]
    audit.batches = breaking_batches
    return app.create_app()


def breaking_next(works: Callable[[Follower, float], Any]) -> Callable[[Follower, float], Any]:
    """Let following break after the first words."""

    def breaks(follower: Follower, timeout: float) -> Any:
        if follower.position:
            raise OperationalError(QUOTED, {}, Exception(QUOTED))
        return works(follower, timeout)

    return breaks


def breaking_batches(database: Database) -> Iterator[Sequence[Row]]:
    """Let reading the audit log break after its first page."""
    yield audit.page(database)
    raise OperationalError(QUOTED, {}, Exception(QUOTED))
