"""Test another user's actions between two transactions of a request: it is answered, and leaves no trace."""

from __future__ import annotations

import logging
import math
import re
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

import app as front_door
from chat import config, conversations
from chat.metrics import Metrics
from chat.people import accounts, roles
from chat.people.rate_limits import Asker
from chat.replies import Replies
from chat.storage.database import Database
from chat.storage.tables import replies
from tests.asking import HTMX, PAGE, TEXT
from tests.moments import Moments
from tests.scripted import Gate, Scripted
from tests.security.cast import break_off, enrol, signed_in
from tests.serving import KEY, UNLIMITED
from tests.turns import CHOICE, answered, asked, eventually, text_stored

WORDS = "One, two."
JSON = {"Accept": "application/json"}
AROUND = {"HX-Request": "true", "HX-Request-Type": "full"}


@dataclass
class Scene:
    """A member with a conversation of two turns; `reply` is the last answer, which broke off or is in progress."""

    client: FlaskClient
    person: int
    conversation: int
    reply: int
    gate: Gate
    writing: Replies | None

    def ask(self, method: str, path: str, headers: dict[str, str], **form: str) -> TestResponse:
        """Send a request about it."""
        address = path.format(c=self.conversation, r=self.reply, m=self.reply - 1, first=self.reply - 3)
        return self.client.open(address, method=method, headers=headers, data=form or None)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """One app for all tests of a kind of database; its provider is looked up only once."""
    environ = {"INSTANCE": str(tmp_path_factory.mktemp("moments")), "ACCESS": "team", "SECRET_KEY": KEY, **UNLIMITED}
    if request.param == "postgres":
        environ["DATABASE_URL"] = request.getfixturevalue("database_server").new_database()
    app = front_door.build(config.load(environ), {"scripted": Scripted()})
    app.extensions["rivulet"].registry._due = math.inf
    yield app
    eventually(lambda: not app.extensions["rivulet"].replies.writer.is_busy())
    app.extensions["rivulet"].database.dispose()


@pytest.fixture
def app(shared: Flask) -> Flask:
    """That app."""
    return shared


@pytest.fixture
def provider(app: Flask) -> Scripted:
    """Its provider."""
    return app.extensions["rivulet"].registry.configured["scripted"]


def scene(app: Flask, provider: Scripted, writing: Replies | None) -> Scene:
    """A new user who asks twice; the second answer broke off, or a process is writing it."""
    database: Database = app.extensions["rivulet"].database
    provider.__init__()  # type: ignore[misc]
    person, gate = enrol(app, secrets.token_hex(8), "member"), Gate()
    first = answered(database, asked(database, person, "First?"), "First.")
    turn = asked(database, person, "Second?", first.conversation_id)
    if writing:
        provider.will_say("One, ", gate, "two.")
        writing.start(turn)
        eventually(lambda: text_stored(database, turn.reply_id) == "One, ")
    else:
        break_off(database, answered(database, turn, WORDS, "interrupted").reply_id)
    return Scene(signed_in(app, person), person, turn.conversation_id, turn.reply_id, gate, writing)


def deleted(app: Flask, scene: Scene) -> None:
    """Delete all conversations of the user in another tab, including one begun meanwhile."""
    database = app.extensions["rivulet"].database
    for row in conversations.listing(database, scene.person):
        app.extensions["rivulet"].replies.cancel(conversations.delete(database, scene.person, row.id))


def over(app: Flask, scene: Scene) -> None:
    """Let its answer end."""
    scene.gate.open()
    eventually(lambda: scene.writing and not scene.writing.writer.find(scene.reply))


def suspended(app: Flask, scene: Scene) -> None:
    """Suspend the user."""
    app.extensions["rivulet"].replies.cancel(roles.suspend(app.extensions["rivulet"].database, "a test", scene.person))


def removed(app: Flask, scene: Scene) -> None:
    """Remove the user."""
    app.extensions["rivulet"].replies.cancel(roles.remove(app.extensions["rivulet"].database, "a test", scene.person))


def signed_out(app: Flask, scene: Scene) -> None:
    """End the user's sessions."""
    with app.extensions["rivulet"].database.write() as connection:
        accounts.end_sessions(connection, scene.person)


def moved(app: Flask, scene: Scene) -> None:
    """Show another branch in another tab: another first answer, with no messages below it."""
    database = app.extensions["rivulet"].database
    answered(database, conversations.try_again(database, Asker(scene.person), scene.reply - 2, CHOICE))


SHOWING = [
    *(("GET", path, form) for path in ("/conversations/{c}", "/conversations/{c}?at={m}") for form in (PAGE, HTMX)),
    *(("GET", "/conversations/{c}?before={m}", form) for form in (PAGE, HTMX)),
    *(("GET", "/conversations/{c}?after={first}", form) for form in (PAGE, HTMX)),
    *(("GET", "/conversations/{c}", form) for form in (TEXT, JSON, AROUND)),
    *(("GET", f"/conversations/{{c}}.{form}", PAGE) for form in ("md", "txt", "json")),
    ("GET", "/messages/{r}.md", PAGE),
    ("GET", "/conversations/{c}/messages", PAGE),
    *(("GET", "/conversations/{c}/menu", form) for form in (PAGE, HTMX)),
    ("GET", "/conversations?current={c}", HTMX),
    ("GET", "/conversations?current={c}", PAGE),
    ("GET", "/", PAGE),
    ("GET", "/", HTMX),
    *(("GET", "/replies/{r}/reasoning", form) for form in (PAGE, HTMX)),
    ("GET", "/replies/{r}/generation", HTMX),
]
SAYING = {
    *(("GET", path) for path in ("/conversations/{c}", "/conversations/{c}?at={m}", "/messages/{r}.md")),
    *(("GET", f"/conversations/{{c}}.{form}") for form in ("md", "txt", "json")),
}
"""The requests that show the answer."""

CHANGING = [
    *(("POST", f"/replies/{{r}}/{what}", form) for what in ("stop", "retry", "continue") for form in (PAGE, HTMX)),
    *(("POST", "/messages/{m}/edit", form) for form in (PAGE, HTMX, TEXT)),
    *(("POST", "/messages/{r}/shown", form) for form in (PAGE, HTMX)),
    *(("POST", "/conversations/{c}/messages", form) for form in (PAGE, HTMX, TEXT)),
    *(("POST", "/conversations", form) for form in (PAGE, HTMX, TEXT)),
    *(("POST", "/conversations/{c}/reading", form) for form in (PAGE, HTMX)),
    *(("POST", f"/conversations/{{c}}/{what}", form) for what in ("title", "deletion") for form in (PAGE, HTMX)),
]
FORM = {"text": "Third?", "title": "Another"}


def named(request: tuple[str, str, dict[str, str]]) -> str:
    """Name a request for the list of tests."""
    method, path, headers = request
    return f"{method} {path} {re.sub('[^a-z]+', ' ', ' '.join(headers.values()))}"


def answer_to(here: Scene, request: tuple[str, str, dict[str, str]]) -> TestResponse:
    """Send a request and read its answer to the end."""
    method, path, headers = request
    answer = here.ask(method, path, headers, **(FORM if method == "POST" else {}))
    assert answer.data is not None
    return answer


def interrupted(
    app: Flask,
    provider: Scripted,
    request: tuple[str, str, dict[str, str]],
    act: Callable[[Flask, Scene], object],
    writing: Replies | None = None,
) -> Iterator[tuple[int, TestResponse]]:
    """Send a request once for each of its transactions; before that one, another user acts."""
    for at in count(1):
        here, later = scene(app, provider, writing), Gate()
        # If the response is a stream, it ends with this answer, so no gate holds it.
        provider.will_say("Third.", *([later] if "HX-Request" in request[2] else []))
        happened: list[object] = []
        with Moments(app.extensions["rivulet"].database, at, lambda: happened.append(act(app, here))):  # noqa: B023
            here.gate.open() if request[1].endswith("/generation") and act is not over else None
            answer = answer_to(here, request)
        if happened:
            yield at, answer
        here.gate.open()
        later.open()
        # Wait for this request's replies, so that they don't take the next scene's scripts.
        eventually(lambda: not app.extensions["rivulet"].replies.writer.is_busy())
        if not happened:
            assert at > 1
            return


def orphans(app: Flask) -> set[int]:
    """Find replies that this process still writes after their deletion."""
    with app.extensions["rivulet"].database.read() as connection:
        return set(app.extensions["rivulet"].replies.writer._owned) - set(
            connection.execute(select(replies.c.id)).scalars()
        )


@pytest.fixture(autouse=True)
def nothing_broke(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail a request that broke, also in its stream; other tests can own the work in the background."""
    yield
    ours = [record for record in caplog.get_records("call") if record.thread == threading.get_ident()]
    assert [record.getMessage() for record in ours if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("request_of", [*SHOWING, *CHANGING], ids=named)
def test_a_conversation_that_is_deleted_at_any_moment_is_answered(
    app: Flask, provider: Scripted, request_of: tuple[str, str, dict[str, str]]
) -> None:
    for at, answer in interrupted(app, provider, request_of, deleted):
        assert answer.status_code in {200, 204, 303, 404}, (at, answer.status_code, answer.text)
        eventually(lambda: not orphans(app))


@pytest.mark.long
@pytest.mark.parametrize("request_of", [*SHOWING, *CHANGING], ids=named)
def test_a_conversation_that_is_deleted_in_mid_answer_is_answered(
    app: Flask, provider: Scripted, request_of: tuple[str, str, dict[str, str]]
) -> None:
    for at, answer in interrupted(app, provider, request_of, deleted, app.extensions["rivulet"].replies):
        assert answer.status_code in {200, 204, 303, 400, 404, 409}, (at, answer.status_code, answer.text)
        eventually(lambda: not orphans(app))


@pytest.mark.long
@pytest.mark.parametrize("shared", ["sqlite"], indirect=True)
@pytest.mark.parametrize("act", [suspended, removed, signed_out, moved], ids=lambda act: act.__name__)
@pytest.mark.parametrize("request_of", [*SHOWING, *CHANGING], ids=named)
def test_who_is_shut_out_or_goes_elsewhere_at_any_moment_is_answered(
    app: Flask,
    provider: Scripted,
    request_of: tuple[str, str, dict[str, str]],
    act: Callable[[Flask, Scene], object],
) -> None:
    for at, answer in interrupted(app, provider, request_of, act):
        assert answer.status_code in {200, 204, 303, 401, 404}, (at, answer.status_code, answer.text)
        eventually(lambda: not orphans(app))


@pytest.mark.parametrize("shared", ["sqlite", pytest.param("postgres", marks=pytest.mark.long)], indirect=True)
@pytest.mark.parametrize(
    "elsewhere", [pytest.param(False, id="here"), pytest.param(True, id="in another process", marks=pytest.mark.long)]
)
@pytest.mark.parametrize("request_of", [*SHOWING[:-1], *CHANGING], ids=named)
def test_an_answer_that_ends_at_any_moment_is_shown_with_its_text(
    app: Flask, provider: Scripted, request_of: tuple[str, str, dict[str, str]], elsewhere: bool
) -> None:
    database, here = app.extensions["rivulet"].database, app.extensions["rivulet"].replies
    writing = Replies(database, {"scripted": provider}, Metrics()) if elsewhere else here
    for at, answer in interrupted(app, provider, request_of, over, writing):
        assert answer.status_code in {200, 204, 303, 400, 404, 409}, (at, answer.status_code, answer.text)
        assert "One," in answer.text or request_of[:2] not in SAYING
    eventually(lambda: not writing.writer.is_busy())
