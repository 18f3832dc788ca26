"""Test the access log: one line a request with an id, which answers and errors show, and no secrets."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient

import app as front_door
from chat import config
from chat.server.logs import JOURNAL, REQUEST_ID, Json, Text
from chat.web.access_log import path_of
from tests.asking import HTMX, PAGE, TEXT, begin, ended
from tests.scripted import Gate, Scripted
from tests.serving import gunicorn, upstream

NUMBERED = re.compile(r"[0-9a-f]{32}")


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """The lines of the access log."""
    caplog.set_level(logging.INFO, JOURNAL)
    return caplog


def told(lines: pytest.LogCaptureFixture) -> list[str]:
    """Read the lines, without the milliseconds at their end."""
    return [re.sub(r" \d+ ms$", "", record.getMessage()) for record in lines.records if record.name == JOURNAL]


def test_a_request_is_one_line_with_its_status_and_its_size(
    client: FlaskClient, lines: pytest.LogCaptureFixture
) -> None:
    page = client.get("/")
    gone = client.get("/conversations/17", headers=TEXT)

    assert told(lines) == [
        f"GET / 200 {len(page.data)} B",
        f"GET /conversations/17 404 {len(gone.data)} B",
    ]


def test_a_stream_has_a_line_when_it_begins_and_one_when_it_ends(
    client: FlaskClient, provider: Scripted, lines: pytest.LogCaptureFixture
) -> None:
    gate = Gate()
    provider.will_say("Hel", gate, "lo")

    answer = client.post("/conversations", data={"text": "Hello?"}, headers=TEXT, buffered=False)
    at_first = told(lines)
    gate.open()
    size = len(answer.get_data())
    answer.close()

    assert at_first == ["POST /conversations 200 stream"]
    assert told(lines)[1:] == [f"POST /conversations 200 stream ended, {size} B"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/assets/000000000000/page.css"])
def test_what_machines_ask_for_again_and_again_is_left_out(
    client: FlaskClient, lines: pytest.LogCaptureFixture, path: str
) -> None:
    client.get(path)

    assert told(lines) == []


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("/?q=secret/", "GET /"),
        ("/conversations/12?secret/", "GET /conversations/12"),
        ("/secret/token", "GET -"),
        ("/wp-admin%0d%0aGET%20/%20200", "GET -"),
        ("/a%1b%5b31m", "GET -"),
        ("/conversations/12/", "GET -"),
    ],
)
def test_what_an_address_hides_or_makes_up_is_not_told(
    client: FlaskClient, lines: pytest.LogCaptureFixture, asked: str, written: str
) -> None:
    """LC 26-4276, 24-12580: a client forges lines of the log."""
    client.get(asked)

    (line,) = told(lines)
    assert line.startswith(f"{written} ") and line.isprintable() and "secret/" not in line


def test_of_an_address_only_ids_are_told(app: Flask) -> None:
    app.add_url_rule("/invites/<token>/<id:number>", "invite", lambda **_: "")

    with app.test_request_context("/invites/hush/7") as context:
        assert path_of(context.request) == "/invites/<token>/7"


def test_every_answer_has_a_number_of_its_own(client: FlaskClient) -> None:
    numbers = [client.get(path).headers["X-Request-ID"] for path in ("/", "/", "/healthz", "/nope")]

    assert all(map(NUMBERED.fullmatch, numbers)) and len(set(numbers)) == 4


def behind(tmp_path: Path, proxies: int) -> FlaskClient:
    """A browser of an app behind proxies."""
    environ = {"INSTANCE": str(tmp_path / "instance"), "TRUSTED_PROXIES": str(proxies)}
    return front_door.build(config.load(environ), {"scripted": Scripted()}).test_client()


@pytest.mark.parametrize(
    ("proxies", "given", "kept"),
    [
        (1, "0af7-6519-Router", True),
        (0, "0af7-6519-Router", False),
        (1, "a" * 64, True),
        (1, "a" * 65, False),
        (1, "", False),
        (1, "one two", False),
        (1, "<b>", False),
        (1, "line\tline", False),
    ],
)
def test_the_number_that_a_trusted_proxy_gave_is_kept(tmp_path: Path, proxies: int, given: str, kept: bool) -> None:
    number = behind(tmp_path, proxies).get("/", headers={"X-Request-ID": given}).headers["X-Request-ID"]

    assert (number == given) is kept
    assert kept or NUMBERED.fullmatch(number)


@pytest.mark.parametrize("form", [PAGE, HTMX, TEXT])
def test_what_broke_is_shown_with_a_reference_that_finds_it_in_the_log(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, form: dict[str, str]
) -> None:
    caplog.handler.setFormatter(Text())
    monkeypatch.setattr("chat.conversations.find", lambda *_: 1 / 0)

    answer = client.get("/conversations/1", headers=form)
    reference = re.search(r"Error reference: (?:<code>)?(\w{8})\b", answer.text)

    assert answer.status_code == 500 and reference
    assert re.search(rf"ZeroDivisionError[^\0]*\[{reference[1]}\w+\]\n", caplog.text)


def test_a_stream_that_breaks_is_reported_with_the_number(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.handler.setFormatter(Text())
    ended(client, begin(client))
    monkeypatch.setattr("chat.routes.streaming.event_stream.growing_events", lambda *_: 1 / 0)

    follow = client.get("/replies/2/generation")
    follow.get_data()

    assert re.search(rf"a stream failed with ZeroDivisionError[^\0]*\[{follow.headers['X-Request-ID']}\]", caplog.text)


@pytest.mark.parametrize("form", [PAGE, HTMX, TEXT])
def test_an_error_that_a_person_can_mend_is_said_without_a_reference(client: FlaskClient, form: dict[str, str]) -> None:
    for answer in (client.post("/conversations", data={"text": ""}, headers=form), client.get("/nope", headers=form)):
        assert "reference" not in answer.text


def test_a_request_whose_session_cannot_be_stored_is_one_line(
    client: FlaskClient, app: Flask, lines: pytest.LogCaptureFixture
) -> None:
    with app.extensions["rivulet"].database.write() as connection:
        connection.exec_driver_sql("DROP TABLE sessions")

    client.post("/conversations", data={"text": "Hello?"}, headers=HTMX)

    assert [line.split(" B")[0].rsplit(" ", 1)[0] for line in told(lines)] == ["POST /conversations 503"]


def record(**more: object) -> logging.LogRecord:
    """Create a record of a message that tries to be two."""
    made = logging.LogRecord("chat.x", logging.WARNING, "", 0, 'one\n{"level": "%s"}\r\x1b', ("error",), None)
    vars(made).update(more)
    return made


def test_as_json_a_record_is_one_line_whatever_is_in_it() -> None:
    REQUEST_ID.set("")
    line = Json().format(record(fields={"status": 200}))

    said = json.loads(line)
    assert "\n" not in line and line.isprintable()
    assert (said["level"], said["logger"], said["status"]) == ("warning", "chat.x", 200)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", said["time"])
    assert "request" not in said


def test_as_json_a_real_server_writes_objects_alone(tmp_path: Path) -> None:
    with upstream() as model, gunicorn(tmp_path, model, LOG_FORMAT="json") as server:
        answer = requests.get(f"{server.url}/nope?q=secret", timeout=10, headers={"Connection": "close"})
        server.process.terminate()
        server.process.wait(20)
        lines = [line for line in server.log.read_text().splitlines() if not line.startswith("Rivulet is at")]

    said = [json.loads(line) for line in lines]
    journal = [line for line in said if line["logger"] == JOURNAL]
    assert [(line["path"], line["route"], line["status"]) for line in journal] == [("-", "none", 404)]
    assert journal[0]["request"] == answer.headers["X-Request-ID"]
    assert "secret" not in server.log.read_text()
