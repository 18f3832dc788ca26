"""Test the first page of the administration: it says what is missing, and where to mend it."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chat.config.durations import DAY
from chat.people import invites
from chat.routes.admin import overview
from chat.storage import backup_stamp
from chat.storage.database import Database
from tests.scripted import Scripted
from tests.team import change

WHOLE = {"messages_per_minute_per_address": 100, "messages_per_minute": 20, "max_concurrent_answers_per_address": 20}


@pytest.fixture
def database(app: Flask) -> Database:
    return app.extensions["rivulet"].database


def to_do(admin: FlaskClient) -> dict[str, str]:
    """Read what is missing, each with the address of the page that mends it."""
    page = admin.get("/admin").text
    return dict(re.findall(r"<li><p>(.*?) (?:<a href=\"(.*?)\"|Run <code>)", page))


def back_up(database: Database, days: int = 0) -> None:
    with database.write() as connection:
        backup_stamp.store(connection)
        connection.exec_driver_sql(f"UPDATE options SET value = value - {days * DAY} WHERE name = 'backup'")


def test_a_new_instance_lacks_people_and_a_backup(admin: FlaskClient) -> None:
    assert to_do(admin) == {"No one has been invited yet.": "/admin/invites", overview.NO_BACKUP: ""}


def test_nothing_is_missing_once_somebody_is_invited_and_a_backup_is_made(
    admin: FlaskClient, database: Database
) -> None:
    invites.create(database, "a test")
    back_up(database)

    page = admin.get("/admin").text

    assert "Nothing left to do." in page and "less than a day ago" in page and to_do(admin) == {}


def test_nobody_needs_an_invite_where_people_come_by_themselves(app: Flask, admin: FlaskClient) -> None:
    change(app, oidc_domains=("example.org",))

    assert "No one has been invited yet." not in to_do(admin)


def test_an_old_backup_is_told(admin: FlaskClient, database: Database) -> None:
    back_up(database, days=9)

    assert "The latest backup made with bin/backup is 9 days old." in to_do(admin)
    assert "9 days ago" in admin.get("/admin").text


def test_a_missing_model_is_told_with_the_place_to_connect_one(
    admin: FlaskClient, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "working", False)
    monkeypatch.setattr(provider, "problem", lambda: "It <is> down. Ask your admin to look.")

    missing = to_do(admin)

    assert missing["No model is connected, so no one can chat yet."] == "/admin/models"
    assert missing["scripted: It &lt;is&gt; down. Look."] == "/admin/models/scripted"


def test_that_only_the_demo_model_is_there_is_told(
    admin: FlaskClient, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "demo", True)

    assert to_do(admin)["Only the demo model is connected."] == "/admin/models"


@pytest.mark.parametrize(("access", "limit", "told"), [("open", 0, True), ("open", 5, False), ("team", 0, False)])
def test_an_open_instance_without_a_limit_is_told(
    app: Flask, admin: FlaskClient, access: str, limit: int, told: bool
) -> None:
    change(app, access=access, **WHOLE | {"messages_per_minute": limit})

    sentence = "Anyone can chat here, and these limits are off: MESSAGES_PER_MINUTE."
    assert (sentence in to_do(admin)) == told


def test_what_threatens_the_server_comes_first(app: Flask, admin: FlaskClient) -> None:
    app.extensions["rivulet"].warnings = ["This disk is emptied."]

    assert next(iter(to_do(admin).items())) == ("This disk is emptied.", "/admin/health")
