"""Test all routes: a GET changes nothing, and a request to a provider counts against the limits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule

import app as front_door
from chat import config
from chat.storage.tables import metadata
from tests.asking import PAGE, address, arguments, rows
from tests.counted import Counted
from tests.scripted import Scripted
from tests.security import cast
from tests.security.calls import SENT, routes
from tests.serving import UNLIMITED

ASKING = {f"POST {way}" for way in ("messages.create (new)", "messages.create", "messages.edit")}
ASKING |= {"POST replies.retry", "POST queue.send", "POST replies.continue_reply"}
"""The routes that ask a provider: one more is no matter, if it is counted."""

BY_ITSELF = {"sessions": {"expires_at", "seen_at", "data"}, "people": {"seen_at"}}
"""What is noted of who was here."""


@pytest.mark.parametrize("role", ["guest", "member", "admin"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_no_route_that_is_asked_changes_anything(app: Flask, role: str, method: str, counted: Counted) -> None:
    """OW 24-7035: a GET that deletes."""
    person_id = cast.visiting(app, role)
    assert person_id is not None
    known = arguments(app, **cast.own_things(app, person_id))
    browser = cast.signed_in(app, person_id)
    browser.get("/")
    before = dump(app)

    asked = [rule for _, of, rule in routes(app) if of == "GET"]
    for rule in asked:
        with browser.open(address(app, rule, "GET", known), method=method, headers=PAGE) as response:
            response.get_data()

    assert dump(app) == before
    counted("routes were asked and nothing changed", len(asked))


def dump(app: Flask) -> dict[str, list[dict[str, object]]]:
    """Read every table, except what the app notes of visits."""
    with cast.database(app).read() as connection:
        read = {table.name: connection.execute(select(table)).mappings().all() for table in metadata.sorted_tables}
    return {
        name: [
            {column: value for column, value in row.items() if column not in BY_ITSELF.get(name, ())} for row in them
        ]
        for name, them in read.items()
    }


@pytest.fixture
def limited(tmp_path: Path, provider: Scripted) -> Iterator[Flask]:
    """An instance that allows a person one answer a minute."""
    limits = UNLIMITED | {"MESSAGES_PER_MINUTE": "1"}
    app = front_door.build(
        config.load({"INSTANCE": str(tmp_path / "instance"), "ACCESS": "open", **limits}), {"scripted": provider}
    )
    yield app
    cast.database(app).dispose()


def test_whatever_route_asks_a_provider_is_counted_and_refused_past_the_limit(
    limited: Flask, provider: Scripted, counted: Counted
) -> None:
    """LC 25-7105, 26-54037, 26-54024: a limiter on one of two routes."""
    asking = {}
    for name, method, rule in routes(limited):
        person_id = cast.enrol(limited, name, "member")
        first = sent(limited, person_id, method, rule)
        if provider.calls:
            asking[name] = (first, sent(limited, person_id, method, rule), len(provider.calls))
            provider.calls.clear()

    assert asking == dict.fromkeys(ASKING, ((True, 1), (False, 0), 1))
    counted("routes that ask a provider are counted and limited", len(asking))


def sent(app: Flask, person_id: int, method: str, rule: Rule) -> tuple[bool, int]:
    """Send a form of a person's page; return whether it was accepted, and how much it counted."""
    before, known = rows(app)["sends"], arguments(app, **cast.own_things(app, person_id))
    data: dict[str, Any] = {"data": SENT} if method == "POST" else {}
    browser = cast.signed_in(app, person_id)
    with browser.open(address(app, rule, method, known), method=method, headers=PAGE, **data) as response:
        response.get_data()
    cast.settle(app)
    return response.status_code != 429, rows(app)["sends"] - before
