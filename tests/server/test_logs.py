"""Test that the log never contains a key, whichever code writes one into it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from chat.server import logs

KEY = 'a/key+of "mine"-12'


@pytest.fixture(autouse=True)
def hidden(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hide a key for one test."""
    monkeypatch.setattr(logs, "SECRETS", set())
    logs.register_secrets([KEY, "brief", ""])
    yield


def written(form: logging.Formatter, message: str, *arguments: object, error: Exception | None = None) -> str:
    """Write a record."""
    raised = (type(error), error, None) if error else None
    return form.format(logging.LogRecord("chat", logging.ERROR, "", 0, message, arguments, raised))


@pytest.mark.parametrize("form", [logs.Text(), logs.Json()], ids=["text", "json"])
@pytest.mark.parametrize(
    "said",
    [
        f"asked with {KEY}!",
        "asked with a%2Fkey%2Bof%20%22mine%22-12",
        "Incorrect API key provided: sk-proj-abcdefgh12345678",
        "{'Authorization': 'Bearer abcdefgh12345678'}",
    ],
)
def test_no_line_holds_a_key_and_the_rest_of_it_stays(form: logging.Formatter, said: str) -> None:
    """Hold LC 26-32625: other people can read a key in a log."""
    line = written(form, "Before %s after", said)

    assert "Before" in line and "…" in json.loads(line)["message"] if line.startswith("{") else "…" in line
    assert not [part for part in ("mine", "abcdefgh", "5678") if part in line]


@pytest.mark.parametrize("form", [logs.Text(), logs.Json()], ids=["text", "json"])
def test_what_an_exception_says_is_kept_clean_as_well(form: logging.Formatter) -> None:
    line = written(form, "It broke", error=ValueError("the header 'Bearer abcdefgh12345678' is odd"))

    assert "ValueError" in line and "abcdefgh" not in line


@pytest.mark.parametrize("form", [logs.Text(), logs.Json()], ids=["text", "json"])
def test_what_is_no_key_stays_as_it_is(form: logging.Formatter) -> None:
    line = written(form, "brief: POST /conversations/12 200 sk-1 asking task-by-task key=value")

    assert "brief: POST /conversations/12 200 sk-1 asking task-by-task key=value" in line


def test_of_keys_that_begin_alike_nothing_is_left() -> None:
    logs.register_secrets(["a-long-key", "a-long-key-and-its-rest"])

    assert logs.redact("a-long-key-and-its-rest, a-long-key") == "…, …"
