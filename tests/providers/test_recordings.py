"""Replay exchanges recorded with a real server of the chatbot-ui protocol (see recordings/README.md)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chat.providers.aivvm import Aivvm
from chat.providers.base import Timeouts
from chat.providers.errors import (
    BadKey,
    ContextTooLong,
    Interrupted,
    ModelNotFound,
    ProviderError,
    RateLimited,
    Unavailable,
)
from tests.providers.server import SILENCE, Server, Step

RECORDINGS = {
    path.stem: json.loads(path.read_text()) for path in sorted(Path(__file__).parent.glob("recordings/*.json"))
}
SPEED = 10
PATIENT = Timeouts(connect=20, first_byte=20, read=20, total=20)
QUICK = Timeouts(connect=20, first_byte=20, read=0.4, total=20)
"""For a recording that ends in silence."""

EXPECTED: dict[str, tuple[str, type[ProviderError] | None]] = {
    "01-chat-normal": ("Hello! How can I help you?", None),
    "02-chat-unicode": ("你好，世界 éß 👋🏽 привет", None),
    "07-chat-empty": ("", None),
    "10-chat-slow": ("one two three", None),
    "11-chat-length": ("Hello!", None),
    "18-chat-history": ("Hello! How can I help you?", None),
    "28-chat-unknown-model": ("", ModelNotFound),
    "32-chat-bad-key": ("", BadKey),
    "33-chat-up-429": ("", RateLimited),
    "43-chat-over-long": ("", ContextTooLong),
    "46-chat-error-mid": ("Hello!", None),
    "48-chat-cut-clean": ("Hello!", Interrupted),
    "54-chat-not-json": ("", Unavailable),
}


@pytest.fixture(autouse=True)
def asked_once(monkeypatch):
    monkeypatch.setattr("chat.providers.http.client.PAUSES", ())


def reads(recording: dict[str, Any]) -> list[bytes]:
    return [text.encode("latin-1") for _, text in recording["reads_ms_latin1"]]


def as_recorded(recording: dict[str, Any]) -> list[Step]:
    """Send each read at its recorded time, only faster."""
    times = [at for at, _ in recording["reads_ms_latin1"]]
    waits = [(later - earlier) / 1000 / SPEED for earlier, later in zip([0, *times], times, strict=False)]
    return [step for pair in zip(waits, reads(recording), strict=True) for step in pair] + ending(recording)


def at_once(recording: dict[str, Any]) -> list[Step]:
    return [b"".join(reads(recording)), *ending(recording)]


def byte_by_byte(recording: dict[str, Any]) -> list[Step]:
    steps: list[Step] = []
    for byte in b"".join(reads(recording)):
        steps += [bytes([byte]), 0.0]
    return steps + ending(recording)


def ending(recording: dict[str, Any]) -> list[Step]:
    return [SILENCE] if recording["end"] in ("idle", "complete, connection kept open") else []


def replay(script: list[Step], recording: dict[str, Any]) -> tuple[str, ProviderError | None, Server]:
    """Ask as was recorded, and be answered by a script; gives what was said, how it failed, and who was asked."""
    body, timeouts = request_of(recording), QUICK if recording["end"] == "idle" else PATIENT
    with Server(script) as server:
        provider = Aivvm(server.url, body["key"], timeouts)
        result = provider.create_completion(body["model"]["id"], body["messages"], True)
        said = ""
        try:
            for piece in result:
                said += piece
        except ProviderError as error:
            return said, error, server
        return said, None, server


def request_of(recording: dict[str, Any]) -> dict[str, Any]:
    """Return the recorded question, or a plain one if the recording is cut or unusable."""
    try:
        body = json.loads(recording["request_latin1"].partition("\r\n\r\n")[2])
    except ValueError:
        body = {}
    known: dict[str, Any] = {
        "model": {"id": "gpt-3.5-turbo"},
        "messages": [{"role": "user", "content": "hi"}],
        "key": "",
    }
    known |= body
    if known["model"]["id"] != "gpt-4":
        known["model"] = {"id": "gpt-3.5-turbo"}
    return known


def test_every_recorded_answer_is_expected_here():
    assert {name for name in RECORDINGS if "-chat-" in name} == set(EXPECTED)


@pytest.mark.parametrize("how", [as_recorded, at_once, byte_by_byte])
@pytest.mark.parametrize("name", EXPECTED)
def test_a_recorded_answer_is_told(name, how):
    recording = RECORDINGS[name]
    text, error = EXPECTED[name]

    said, failed, server = replay(how(recording), recording)

    assert said == text
    assert type(failed) is (error or type(None))
    assert server.connections == 1


@pytest.mark.parametrize("name", ["02-chat-unicode", "33-chat-up-429"])
def test_a_recorded_answer_is_told_wherever_it_is_cut(name):
    recording = RECORDINGS[name]
    stream = b"".join(reads(recording))
    text, error = EXPECTED[name]

    for place in range(1, len(stream), 3):
        said, failed, _ = replay([stream[:place], 0.002, stream[place:], *ending(recording)], recording)

        assert (said, type(failed)) == (text, error or type(None)), f"cut at {place}"


def test_what_goes_up_is_what_was_recorded():
    recording = RECORDINGS["01-chat-normal"]

    _, _, server = replay(at_once(recording), recording)

    assert server.body == json.loads(recording["request_latin1"].partition("\r\n\r\n")[2])


def test_the_recorded_rate_limit_says_when_to_come_back():
    recording = RECORDINGS["33-chat-up-429"]

    _, error, _ = replay(at_once(recording), recording)

    assert isinstance(error, RateLimited)
    assert error.retry_after == 20


@pytest.mark.parametrize("name", ["28-chat-unknown-model", "32-chat-bad-key", "54-chat-not-json"])
def test_no_recorded_error_shows_the_key_or_raw_text(name):
    recording = RECORDINGS[name]

    _, error, _ = replay(at_once(recording), recording)

    assert "bad-key" not in str(error)
    assert "500" not in str(error)


def test_the_recorded_list_of_models_is_read():
    with Server(at_once(RECORDINGS["66-models-ok"])) as server:
        provider = Aivvm(server.url)

        provider.refresh()

        assert [model.id for model in provider._model_list.current] == ["gpt-3.5-turbo", "gpt-4", "gpt-4-32k"]
        assert provider.problem() is None


def test_the_recorded_refusal_of_a_list_is_a_problem_with_the_key():
    with Server(at_once(RECORDINGS["67-models-bad-key"])) as server:
        provider = Aivvm(server.url, "bad-key")

        provider.refresh()

        assert "rejected the API key" in (provider.problem() or "")
        assert "bad-key" not in (provider.problem() or "")
