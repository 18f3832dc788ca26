"""Test the page that shows the instance's health."""

from __future__ import annotations

import re
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from chat import VERSION
from chat.routes.admin import health
from chat.storage.schema import HEAD
from tests.postgres import Postgres
from tests.scripted import Gate, Scripted
from tests.team import signed_in, team


def told(page: str) -> dict[str, str]:
    """Read the page's facts."""
    return dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page))


def test_it_tells_what_runs(admin: FlaskClient) -> None:
    page = admin.get("/admin/health").text
    facts = told(page)

    assert "Everything is working" in page
    assert (facts["Rivulet"], facts["Schema"], facts["Workers"]) == (VERSION, HEAD, "1")
    assert re.fullmatch(r"SQLite 3\.\d+\.\d+", facts["Database"])
    assert re.fullmatch(r"\d+\.\d MB", facts["Size"]) and facts["Size"] != "0.0 MB"


def test_it_counts_the_answers_being_written(admin: FlaskClient, member: FlaskClient, provider: Scripted) -> None:
    gate = Gate()
    provider.will_say(gate, "Done.")
    member.post("/conversations", data={"text": "Hello?"}, headers={"HX-Request": "true"})

    running = told(admin.get("/admin/health").text)["Answers in progress"]
    gate.open()

    assert running == "1"


def test_it_tells_of_postgres(tmp_path: Path, database_server: Postgres) -> None:
    app = team(tmp_path, DATABASE_URL=database_server.new_database())

    facts = told(signed_in(app, "ann@example.org", "admin").get("/admin/health").text)
    app.extensions["rivulet"].database.dispose()

    assert re.fullmatch(r"PostgreSQL \d+\.\d+", facts["Database"])
    assert re.fullmatch(r"\d+\.\d MB", facts["Size"]) and float(facts["Size"][:-3]) > 1


def test_a_disk_that_is_not_kept_is_told(app: Flask, admin: FlaskClient) -> None:
    app.extensions["rivulet"].warnings = ["This disk is emptied."]

    page = admin.get("/admin/health").text

    assert "This disk is emptied." in page and "Everything is working" not in page


def test_what_keeps_it_from_serving_is_told(app: Flask, admin: FlaskClient) -> None:
    app.extensions["rivulet"].replies.draining = True

    page = admin.get("/admin/health").text

    assert "Shutting down" in page and "Everything is working" not in page


def test_sizes_are_written_for_people() -> None:
    assert [health.size(octets) for octets in (150_000, 12_345_678, 3_210_000_000)] == ["0.1 MB", "12.3 MB", "3.2 GB"]
