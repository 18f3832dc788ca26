"""Test the health checks: alive and ready, in each state of the process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

import app as front_door
from chat import config
from chat.web import readiness
from tests.asking import begin, named, rows
from tests.marked import SECRETS
from tests.scripted import PATIENCE, Scripted

KEY = SECRETS["SECRET_KEY"]


def test_a_process_that_lives_says_ok(client: FlaskClient) -> None:
    response = client.get("/healthz")

    assert (response.status_code, response.mimetype, response.text) == (200, "text/plain", "ok\n")


def test_a_process_that_can_serve_says_ready(client: FlaskClient) -> None:
    response = client.get("/readyz")

    assert (response.status_code, response.mimetype, response.text) == (200, "text/plain", "ready\n")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"HOST": "0.0.0.0"},
        {"HOST": "0.0.0.0", "ACCESS": "open", "TRUSTED_HOSTS": "chat.example"},
        {"HOST": "0.0.0.0", "TRUSTED_PROXIES": "1"},
    ],
)
def test_a_platform_may_ask_by_any_name_whoever_may_chat(tmp_path: Path, environ: dict[str, str], path: str) -> None:
    settings = config.load({"INSTANCE": str(tmp_path / "instance"), "SECRET_KEY": KEY, **environ})
    app = front_door.build(settings, {"scripted": Scripted()})

    response = app.test_client().get(path, headers={"Host": "10.1.2.3"}, environ_overrides={"REMOTE_ADDR": "10.1.2.1"})

    assert response.status_code == 200
    assert "Set-Cookie" not in response.headers and set(rows(app).values()) == {0}


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    """The statements that the database receives."""
    asked: list[str] = []
    event.listen(
        app.extensions["rivulet"].database.engine, "before_cursor_execute", lambda *about: asked.append(about[2])
    )
    yield asked


def test_that_it_lives_asks_no_database_even_for_who_has_a_session(client: FlaskClient, statements: list[str]) -> None:
    begin(client)
    assert client.get_cookie(named(client))
    client.get("/")
    assert any("sessions" in statement for statement in statements)
    client.get("/replies/2/generation").get_data()
    statements.clear()

    client.get("/healthz")

    assert not any("sessions" in statement for statement in statements)


def test_a_process_that_leaves_is_not_ready_but_alive(client: FlaskClient, app: Flask) -> None:
    app.extensions["rivulet"].replies.drain(0)

    response = client.get("/readyz")

    assert (response.status_code, response.text) == (503, f"{readiness.SHUTTING_DOWN}\n")
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("version", ["'0001'", "NULL"])
def test_a_database_that_is_not_up_to_date_is_not_ready(client: FlaskClient, app: Flask, version: str) -> None:
    with app.extensions["rivulet"].database.write() as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
        if version != "NULL":
            connection.exec_driver_sql(f"INSERT INTO alembic_version VALUES ({version})")

    response = client.get("/readyz")

    assert (response.status_code, response.text) == (503, f"{readiness.OLD_SCHEMA}\n")


def test_a_database_that_a_newer_process_brought_further_is_ready(client: FlaskClient, app: Flask) -> None:
    with app.extensions["rivulet"].database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    assert client.get("/readyz").status_code == 200


def test_a_database_that_fails_is_not_ready_and_its_words_stay_here(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> bool:
        raise OSError("could not connect to db.example with password hunter2")

    monkeypatch.setattr(app.extensions["rivulet"].database, "is_current", fail)

    response = client.get("/readyz")

    assert (response.status_code, response.text) == (503, f"{readiness.UNUSABLE}\n")


def test_a_database_that_hangs_is_asked_once_and_waited_for_no_longer_than_a_moment(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answers = [], threading.Event()

    def hang() -> bool:
        asked.append(1)
        return answers.wait(PATIENCE)

    monkeypatch.setattr(readiness, "ANSWER_TIMEOUT", 0.01)
    monkeypatch.setattr(app.extensions["rivulet"].database, "is_current", hang)

    hanging = [client.get("/readyz") for _ in range(3)]
    answers.set()
    app.extensions["rivulet"].readiness._question.join(PATIENCE)

    assert {(response.status_code, response.text) for response in hanging} == {(503, f"{readiness.NO_ANSWER}\n")}
    assert len(asked) == 1
    assert client.get("/readyz").status_code == 200
