"""Test models' servers that fail: the text is kept, the state is right, the user reads why.

tests/providers checks the errors themselves, each with its sentence.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chat.providers.errors import for_admin
from tests.faults.browser import Browser
from tests.faults.harness import Model, Server, served, text_of, until, until_ended, violations
from tests.faults.model import HEAD, ending, question, said, words
from tests.marked import SECRETS
from tests.providers.server import END, RESET, SILENCE, chunk, delta, head, whole
from tests.scripted import Gate
from tests.serving import free_port

KEY = SECRETS["OPENAI_API_KEY"]
TIMES = {"CONNECT_TIMEOUT": "1", "FIRST_BYTE_TIMEOUT": "1", "READ_TIMEOUT": "1", "TOTAL_TIMEOUT": "4"}

CLOSED = "closed the connection"
GARBAGE = b"\x00\xff\xfe{]]garbage\r\n" * 20
LONG_LINE = [b"data: ", *[b"x" * 65_536] * 40]

SCRIPTS: dict[str, tuple[list[Any], str, int, int, str]] = {
    # id-and-name: script, state, words kept, calls, a part of the sentence
    "F7-400": (
        whole("400 Bad Request", f'{{"error": {{"message": "no {KEY}"}}}}'),
        "failed",
        0,
        1,
        "rejected the request",
    ),
    "F7-401": (
        whole("401 Unauthorized", f'{{"error": {{"message": "{KEY}"}}}}'),
        "failed",
        0,
        1,
        "rejected the API key",
    ),
    "F7-403": (whole("403 Forbidden", KEY), "failed", 0, 1, "denied access"),
    "F7-404": (whole("404 Not Found", "{}"), "failed", 0, 1, "doesn't offer this model"),
    "F8-429": (whole("429 Too Many Requests", "{}", "Retry-After: 0"), "failed", 0, 3, "rate limiting requests"),
    "F8-429-later": (whole("429 Too Many Requests", "{}", "Retry-After: 60"), "failed", 0, 1, "in 60 seconds"),
    "F8-503": (whole("503 Service Unavailable", "{}"), "failed", 0, 3, "is having problems"),
    "F8-529": (whole("529 Overloaded", "{}"), "failed", 0, 3, "is having problems"),
    "F8-after-words": ([HEAD, *words(0, 5), RESET], "interrupted", 5, 1, CLOSED),
    "F9-before-the-head": ([SILENCE], "failed", 0, 1, "sent nothing for 1 seconds"),
    "F9-before-a-word": ([HEAD, SILENCE], "failed", 0, 1, "sent nothing for 1 seconds"),
    "F9-in-the-middle": ([HEAD, *words(0, 5), SILENCE], "interrupted", 5, 1, "went silent for 1 seconds"),
    "F10-a-drop-at-a-time": (
        [HEAD, *words(0, 3), *[chunk(b":"), 0.3] * 30],
        "interrupted",
        3,
        1,
        "took longer than 4 seconds",
    ),
    "F11-a-line-without-end": (
        [HEAD, *words(0, 3), *map(chunk, LONG_LINE)],
        "interrupted",
        3,
        1,
        "an overlong line",
    ),
    "F13-no-json": (
        [HEAD, *words(0, 4), chunk(b"data: {oops\n\n"), ending()],
        "interrupted",
        4,
        1,
        "an invalid response",
    ),
    "F13-cut-in-a-chunk": ([HEAD, *words(0, 4), said("w4 ")[:20]], "interrupted", 4, 1, CLOSED),
    "F13-no-end": ([HEAD, *words(0, 4), END], "interrupted", 4, 1, "ended the answer early"),
    "F13-a-page": (whole("200 OK", "<html>no", "Content-Type: text/html"), "failed", 0, 1, "web page"),
    "F13-nothing": ([HEAD, ending()], "failed", 0, 1, "empty answer"),
    "F13-an-error": ([HEAD, *words(0, 4), chunk(b'data: {"error": {"message": "oh"}}\n\n')], "interrupted", 4, 1, "oh"),
    "F13-too-long": ([HEAD, *words(0, 4), ending("length")], "complete", 4, 1, "length limit"),
    "F13-garbage": ([GARBAGE], "failed", 0, 1, ""),
    "F13-garbage-in-the-body": ([head("200 OK", "Content-Type: text/event-stream"), GARBAGE], "failed", 0, 1, ""),
}


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    """A model's server."""
    with Model() as model:
        yield model


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, model: Model) -> Iterator[Server]:
    """The app with short timeouts and a second provider at a closed port."""
    gone = {"AIVVM_URL": f"http://127.0.0.1:{free_port()}"}
    with served(tmp_path_factory.mktemp("models"), model, **TIMES, **gone) as server:
        yield server


@pytest.fixture
def browser(server: Server) -> Browser:
    """A visitor."""
    return server.browser()


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_server_that_fails_costs_no_word_and_is_named(
    name: str, server: Server, model: Model, browser: Browser
) -> None:
    """F7-F11, F13: refusals, failures that pass, silences, drops, endless lines, nonsense. See tests/providers."""
    script, state, kept, calls, sentence = SCRIPTS[name]
    model.will_play(name, script)

    sent = browser.send(question(name))
    page = browser.follow(sent.reply)
    shown = page.until_over()

    row = until_ended(server.database, sent.reply)
    assert (row.state, model.calls[name]) == (state, calls), row
    assert text_of(server.database, sent.reply).split() == [f"w{number}" for number in range(kept)]
    assert sentence in (row.error or "") and bool(row.error)
    assert for_admin(row.error).split("(")[0] in shown.text and KEY not in str(page.received) + row.error
    assert [entry for entry in violations(server, name, [sent.reply], [page]) if "calls" not in entry] == []


def test_a_server_that_refuses_connections_ends_the_answer_with_a_reason(server: Server, browser: Browser) -> None:
    """F6: a closed port. Names that don't resolve and certificates: tests/providers/http/test_client.py."""
    sent = browser.send("Hello?", model="aivvm/gpt-3.5-turbo")
    shown = browser.follow(sent.reply).until_over()

    row = until_ended(server.database, sent.reply)

    assert row.state == "failed" and "can't be reached" in row.error and row.error.split("'")[0] in shown.text


def test_a_failure_that_passes_is_not_seen(server: Server, model: Model, browser: Browser) -> None:
    """F8: 429, then 500, then the answer: the two further calls are the provider's own."""
    fails = [whole("429 Too Many Requests", "{}"), whole("500 Internal Server Error", "{}")]
    model.will_play("passing", *fails, [HEAD, *words(0, 3), ending()])

    sent = browser.send(question("passing"))
    row = until_ended(server.database, sent.reply)

    assert (row.state, row.error, model.calls["passing"]) == ("complete", None, 3)
    assert text_of(server.database, sent.reply) == "w0 w1 w2 "


def test_an_answer_without_an_end_is_ended_by_time(server: Server, model: Model, browser: Browser) -> None:
    """F12: endless words; the whole answer has a time limit. Its size: tests/providers/test_openai.py."""
    model.will_play("endless", [HEAD, *[step for word in words(0, 600) for step in (word, 0.05)]])

    sent = browser.send(question("endless"))
    page = browser.follow(sent.reply)
    page.until_over()

    row = until_ended(server.database, sent.reply)
    assert row.state == "interrupted" and "took longer than 4 seconds" in row.error
    assert violations(server, "endless", [sent.reply], [page]) == []
    assert page.words_seen() > 20


TEXT = "é 日本 👩‍👩‍👧 a\u2028b \u202eright to left\u202c w0"
JSON_TEXT = f"data: {json.dumps(delta(TEXT), ensure_ascii=False)}\n\n".encode()


def test_a_text_cut_between_any_two_bytes_is_stored_as_it_was(server: Server, model: Model, browser: Browser) -> None:
    """F14: chunks of one byte each; U+2028 and the right-to-left override stay text."""
    model.will_play(
        "bytes", [HEAD, *(chunk(JSON_TEXT[place : place + 1]) for place in range(len(JSON_TEXT))), ending()]
    )

    sent = browser.send(question("bytes"))
    shown = browser.follow(sent.reply).until_over()

    assert until_ended(server.database, sent.reply).state == "complete"
    assert text_of(server.database, sent.reply) == TEXT and "日本" in shown.text


@pytest.mark.parametrize(
    ("name", "raw", "stored"),
    [
        ("nul", rb"a\u0000b", "ab"),
        ("half", rb"a\ud83d", "a"),
        ("lone", rb"a\udc00b", "a�b"),
        ("bytes", b"a\xff\xfeb", "a��b"),
    ],
)
def test_what_no_database_takes_costs_nobody_an_answer(
    name: str, raw: bytes, stored: str, server: Server, model: Model, browser: Browser
) -> None:
    """F14: NUL, half a surrogate pair, bytes that are not UTF-8; another answer is written at the same time."""
    event = b'data: {"choices": [{"index": 0, "delta": {"content": "%b"}, "finish_reason": null}]}\n\n' % raw
    model.will_play(f"bad-{name}", [HEAD, chunk(event), ending()])

    sent = [browser.send(question(f"good-{name}")), browser.send(question(f"bad-{name}"))]
    good, bad = (until_ended(server.database, turn.reply) for turn in sent)

    assert (good.state, bad.state) == ("complete", "complete")
    assert text_of(server.database, sent[1].reply).rstrip("�") == stored.rstrip("�")
    assert violations(server, f"good-{name}", [sent[0].reply], []) == []


def test_a_stop_reaches_the_model_before_its_first_word(server: Server, model: Model, browser: Browser) -> None:
    """F9: the model says nothing; the user stops it, and it sees the connection end."""
    gate = Gate()
    model.will_play("silent", [gate])
    sent = browser.send(question("silent"))
    gate.wait_until_reached()

    browser.post(f"/replies/{sent.reply}/stop")

    assert until_ended(server.database, sent.reply).state in {"stopped", "failed"}
    until(lambda: model.gone["silent"] == 1)  # a moment later
    assert model.calls["silent"] == 1
