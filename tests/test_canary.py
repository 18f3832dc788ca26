"""The canary sees a secret wherever a test would show one, and not where it may be."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask, Response

from chat.config import WrongSetting
from chat.providers.base import BadKey
from tests import canary
from tests.marked import MARK, SECRETS

SECRET = SECRETS["OPENAI_API_KEY"]


def asked(body: Response) -> None:
    """Ask an app that answers with something."""
    app = Flask("careless")
    app.add_url_rule("/", view_func=lambda: body)
    with app.test_client().get("/") as response:
        response.get_data()


def logged_with_its_traceback() -> None:
    """Log an error whose own words hold the secret."""
    try:
        raise ValueError(SECRET)
    except ValueError:
        logging.getLogger("careless").exception("It broke")


SHOWN: dict[str, Callable[[], object]] = {
    "a body": lambda: asked(Response(f"Your key is {SECRET}")),
    "a stream, cut in the middle of it": lambda: asked(Response(iter([SECRET[:9], SECRET[9:]]))),
    "a header": lambda: asked(Response(headers={"X-Debug": SECRET})),
    "a line of the log": lambda: logging.getLogger("careless").error("refused: %s", SECRET),
    "a field of the log": lambda: logging.getLogger("careless").error("refused", extra={"fields": {"key": SECRET}}),
    "a traceback": logged_with_its_traceback,
    "a sentence of a provider": lambda: BadKey(f"The key {SECRET} is wrong."),
    "a sentence about a setting": lambda: WrongSetting(f"OPENAI_API_KEY can't be {SECRET}."),
}


@pytest.mark.parametrize("where", SHOWN)
def test_a_secret_that_is_shown_fails_the_test(where: str) -> None:
    """LC 26-32625, 31951, 44653; ALLM 24-5213, 6842, 26-24477, 24-7783; OW 26-59222; GR 23-25823, 26-27167."""
    with pytest.raises(AssertionError, match="A secret was shown"), canary.watching():
        SHOWN[where]()


@pytest.mark.parametrize("name", ["rivulet.db", "rivulet.db-wal", "stderr", "copies/a.db"])
def test_a_secret_that_is_left_in_a_file_fails_the_test(tmp_path: Path, name: str) -> None:
    watched = tmp_path / "of a test"

    with pytest.raises(AssertionError, match="the file"), canary.watching(watched):
        (watched / name).parent.mkdir(parents=True)
        (watched / name).write_bytes(b"\0\1" + SECRET.encode())
    (watched / name).unlink()


def test_files_that_are_there_to_hold_a_secret_may(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"OPENAI_API_KEY={SECRET}")
    (tmp_path / "secret_key").write_text(SECRETS["SECRET_KEY"])


def test_every_secret_of_the_suite_is_marked(settings: dict[str, str]) -> None:
    assert all(MARK in secret for secret in SECRETS.values())
    assert {name: settings[name] for name in SECRETS} == SECRETS


def test_every_test_is_watched(request: pytest.FixtureRequest) -> None:
    assert "canary" in request.fixturenames
