"""Test SECRET_KEY: its refused values, and its change while pages are open and workers run."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

import app as front_door
from chat import config
from chat.config import WrongSetting, secret_key
from chat.registry import records
from chat.registry.form import ProviderForm
from tests.asking import PAGE, begin, ended, named, rows
from tests.scripted import Scripted
from tests.serving import UNLIMITED

OLD, NEW = secrets.token_hex(32), secrets.token_hex(32)

Start = Callable[..., Flask]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start workers on one database."""
    started: list[Flask] = []

    def start(**environ: str) -> Flask:
        settings = config.load({"INSTANCE": str(tmp_path / "instance"), **UNLIMITED, **environ})
        started.append(front_door.build(settings, {"scripted": Scripted()}))
        return started[-1]

    yield start
    for app in started:
        app.extensions["rivulet"].database.dispose()


def form_key(html: str) -> str:
    """Read the key of the composer in a page."""
    return html.partition('name="key" value="')[2].partition('"')[0]


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"SECRET_KEY": "k" * 31}, "SECRET_KEY is too short"),
        ({"SECRET_KEY": "x" * 64}, "SECRET_KEY is too easy to guess"),
        ({"SECRET_KEY": NEW, "SECRET_KEY_FALLBACKS": "brief"}, "SECRET_KEY_FALLBACKS is too short"),
        ({"SECRET_KEY": NEW, "SECRET_KEY_FALLBACKS": f"{OLD},{'x' * 64}"}, "SECRET_KEY_FALLBACKS is too easy to guess"),
        ({"HOST": "0.0.0.0"}, "SECRET_KEY is required"),
        ({"HOST": "0.0.0.0", "SECRET_KEY_FALLBACKS": OLD}, "SECRET_KEY is required"),
    ],
)
def test_a_key_that_guards_nothing_is_refused_in_a_sentence_that_does_not_quote_it(
    tmp_path: Path, environ: dict[str, str], sentence: str
) -> None:
    settings = config.load({"INSTANCE": str(tmp_path), **environ})

    with pytest.raises(WrongSetting, match=sentence) as refused:
        secret_key.secret_keys(settings)

    assert not any(value in str(refused.value) for name, value in environ.items() if name != "HOST")


def test_the_newest_key_comes_first(tmp_path: Path) -> None:
    settings = config.load(
        {"INSTANCE": str(tmp_path), "SECRET_KEY": NEW, "SECRET_KEY_FALLBACKS": f"{OLD} , {OLD[::-1]}"}
    )

    assert secret_key.secret_keys(settings) == [NEW, OLD, OLD[::-1]]


def test_a_rotation_in_mid_form_makes_one_turn_over_both_workers(start: Start) -> None:
    before = start(SECRET_KEY=OLD).test_client()
    key = form_key(before.get("/").text)
    after = start(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=OLD)

    one = after.test_client().post("/conversations", data={"text": "Hello?", "key": key}, headers=PAGE)
    again = before.post("/conversations", data={"text": "Hello?", "key": key}, headers=PAGE)

    assert (one.status_code, again.status_code) == (200, 303)
    assert rows(after)["people"] == rows(after)["conversations"] == 1


def test_what_the_new_key_signed_the_old_worker_takes_for_a_new_form(start: Start) -> None:
    old, new = start(SECRET_KEY=OLD), start(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=OLD)
    key = form_key(new.test_client().get("/").text)

    for app in (old, new):
        assert (
            app.test_client().post("/conversations", data={"text": "Hi", "key": key}, headers=PAGE).status_code == 200
        )

    assert rows(new)["conversations"] == 2


def test_a_forgotten_key_signs_nothing_any_more(start: Start) -> None:
    key = form_key(start(SECRET_KEY=OLD).test_client().get("/").text)
    new = start(SECRET_KEY=NEW)

    for _ in range(2):
        new.test_client().post("/conversations", data={"text": "Hi", "key": key}, headers=PAGE).get_data()

    assert rows(new)["conversations"] == 2


def test_a_rotation_keeps_the_keys_of_providers_over_both_workers_and_beyond(start: Start) -> None:
    """Both workers can decrypt what the old secret encrypted; in the end the new secret alone can."""
    old = start(SECRET_KEY=OLD).extensions["rivulet"].registry
    records.add(old, "ann@example.org", ProviderForm("acme", "openai", "http://127.0.0.1:9/v1", "sk-abcdefgh12345678"))
    assert "acme" in old

    new = start(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=OLD).extensions["rivulet"].registry
    last = start(SECRET_KEY=NEW).extensions["rivulet"].registry
    lost = start(SECRET_KEY=OLD[::-1]).extensions["rivulet"].registry

    assert "acme" in old and new["acme"]._key == last["acme"]._key == "sk-abcdefgh12345678"
    assert "acme" not in lost and "Enter the API key again" in lost.find("acme").problem()


@pytest.mark.parametrize("older", [{"SECRET_KEY_FALLBACKS": OLD}, {}])
def test_sessions_outlive_a_rotation_as_they_are_signed_by_nothing(start: Start, older: dict[str, str]) -> None:
    before = start(SECRET_KEY=OLD).test_client()
    conversation = begin(before, "Do you remember me?")
    ended(before, conversation)
    cookie = before.get_cookie(named(before))
    assert cookie

    after = start(SECRET_KEY=NEW, **older).test_client()
    after.set_cookie(named(after), cookie.value)

    assert "Do you remember me?" in after.get(f"/conversations/{conversation}").text
