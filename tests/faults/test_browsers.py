"""Test browsers that leave, return, never read or never finish a request: the answer and other users don't suffer."""

from __future__ import annotations

import random
import re
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.faults.browser import Browser, read, reset
from tests.faults.harness import PATIENCE, Model, Server, served, until, until_ended, violations, words_stored
from tests.faults.model import HEAD, ending, question, said, words
from tests.scripted import Gate

HOSTILE = 60
IDLE = 1000
"""How many hostile connections are open at once."""


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    """A model's server."""
    with Model() as model:
        yield model


@pytest.fixture(scope="module", params=["1", "4"], ids=["one worker", "four workers"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, model: Model) -> Iterator[Server]:
    """The app in one process and in four, on SQLite."""
    model.calls.clear()
    with served(tmp_path_factory.mktemp("browsers"), model, WEB_CONCURRENCY=request.param) as server:
        yield server


@pytest.fixture
def browser(server: Server) -> Browser:
    """A visitor."""
    return server.browser()


def unharmed(server: Server, name: str) -> bool:
    """Ask and read a whole answer as another user; return whether it is complete."""
    browser = server.browser()
    sent = browser.send(question(name))
    page = browser.follow(sent.reply)
    page.until_over()
    state = until_ended(server.database, sent.reply).state
    return state == "complete" and page.words_seen() == 20 and not violations(server, name, [sent.reply], [page])


def test_browsers_that_never_read_harm_nobody(server: Server, model: Model, browser: Browser) -> None:
    """F15: a long answer with many followers who read nothing; a small buffer makes the server wait at once."""
    piece = said("word " * 2000)
    model.will_play("unread", [HEAD, *[piece] * 60, ending()])
    sent = browser.send(question("unread"))
    with ExitStack() as stack:
        for _ in range(HOSTILE):
            taker = stack.enter_context(socket.socket())
            taker.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            taker.connect(("127.0.0.1", server.port))
            line = (
                f"GET /replies/{sent.reply}/generation HTTP/1.1\r\nHost: localhost\r\nCookie: {browser.cookie}\r\n\r\n"
            )
            taker.sendall(line.encode())

        row = until_ended(server.database, sent.reply)

        assert row.state == "complete" and unharmed(server, "beside-the-unread")


def test_half_requests_and_idle_connections_harm_nobody(server: Server, model: Model) -> None:
    """F16: headers without an end, bodies that never come, silent connections."""
    half = b"POST /conversations HTTP/1.1\r\nHost: localhost\r\nContent-Le"
    body = b"POST /conversations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\ntext="
    with ExitStack() as stack:
        allow_open_files(4 * IDLE)
        for start in [half, body] * HOSTILE + [b""] * IDLE:
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            slow.sendall(start)

        assert unharmed(server, "beside-the-slow")
        assert server.browser().get("/healthz").body == "ok\n"


@pytest.mark.parametrize("start", [b"", b"POST /conversations HTTP/1.1\r\nHost: localhost\r\nX-Slow: "])
def test_a_head_has_as_long_as_a_connection_that_waits(tmp_path: Path, model: Model, start: bytes) -> None:
    """F16: a dripping head is dropped like a silent one: gunicorn's keepalive, here a second, bounds both."""
    with served(tmp_path, model, GUNICORN_CMD_ARGS="--keep-alive 1") as server, ExitStack() as stack:
        slow = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        slow.sendall(start)

        assert start_of_answer(slow, drop=start and b"x") == b""
        assert "Traceback" not in server.log.read_text()


def start_of_answer(connection: socket.socket, drop: bytes) -> bytes:
    """Send a byte twenty times a second until the server sends something, or closes the connection."""
    connection.settimeout(0.05)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            connection.sendall(drop)
            return connection.recv(100)
        except TimeoutError:
            continue
        except ConnectionError:
            return b""
    raise AssertionError("the server still waits")


def allow_open_files(count: int) -> None:
    """Raise this process's limit of open files to a number, if the machine allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count <= hard or hard == resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))


def test_an_answer_goes_on_when_its_browser_leaves(server: Server, model: Model, browser: Browser) -> None:
    """F17: the connection of the post itself is closed, or reset, in the middle of the answer."""
    leave = [socket.socket.close, reset]
    gates = [Gate(), Gate()]
    for number, gate in enumerate(gates):
        model.will_play(f"left-{number}", [HEAD, *words(0, 5), gate, *words(5, 20), ending()])
        connection = browser.open("POST", "/conversations", {"text": question(f"left-{number}")}, Accept="text/plain")
        received = b""
        while b"w4" not in received:
            received += connection.recv(65_536)
        found = re.search(r"rivulet-[^=]+=[^;]+", received.decode())
        browser.cookie = found[0] if found else browser.cookie
        leave[number](connection)
        gate.open()
        until(partial(lists_more_than, browser, number))

    ids = [replies_of(browser, conversation)[-1] for conversation in listed(browser)]
    assert [until_ended(server.database, reply_id).state for reply_id in ids] == ["complete"] * 2
    assert [words_stored(server.database, reply_id) for reply_id in ids] == [list(range(20))] * 2


def listed(browser: Browser) -> list[int]:
    """List the visitor's conversations."""
    return [int(number) for number in re.findall(r'href="/conversations/(\d+)"', browser.get("/").body)]


def lists_more_than(browser: Browser, number: int) -> bool:
    """Tell whether the visitor has more than a number of conversations."""
    return len(listed(browser)) > number


def replies_of(browser: Browser, conversation: int) -> list[int]:
    """List the replies of a conversation."""
    return [
        int(number) for number in re.findall(r'id="reply-(\d+)"', browser.get(f"/conversations/{conversation}").body)
    ]


def test_every_page_that_joins_sees_all_from_the_first_word(server: Server, model: Model, browser: Browser) -> None:
    """F18: a reload, a second tab, another device: attached after every third word, and after the end."""
    steps: list[bytes | Gate] = [HEAD]
    gates = [Gate() for _ in range(10)]
    for number, gate in enumerate(gates):
        steps += [*words(3 * number, 3 * number + 3), gate]
    model.will_play("joined", [*steps, ending()])
    sent = browser.send(question("joined"))

    pages = []
    for number, gate in enumerate(gates):
        gate.wait_until_reached()
        pages.append(browser.follow(sent.reply))
        pages[-1].until_words(3 * number + 3)
        gate.open()
    shown = [page.until_over().text for page in [*pages, browser.follow(sent.reply)]]

    assert len({tuple(re.findall(r"w\d+", text)) for text in shown}) == 1
    assert violations(server, "joined", [sent.reply], pages) == []
    assert len(words_stored(server.database, sent.reply)) == 30 and model.calls["joined"] == 1


def test_a_connection_cut_at_any_byte_is_taken_up_again(server: Server, model: Model, browser: Browser) -> None:
    """F19: a router cuts; the page follows again, and the provider is not asked again."""
    sent = browser.send(question("cut", 60, 0.03))
    places = [random.Random(number).randint(1, 800) for number in range(20)]

    pages = [browser.follow(sent.reply, cut_after=place) for place in places]
    for page in pages:
        page.until_over()

    assert violations(server, "cut", [sent.reply], pages) == []
    assert len(words_stored(server.database, sent.reply)) == 60 and model.calls["cut"] == 1
    assert all(len(page.received) > 1 for page in pages)


def test_a_server_full_of_answers_still_opens_pages_and_stops(server: Server, model: Model, browser: Browser) -> None:
    """F36: many answers at once, each followed; health, a new page, a send and a stop are answered."""
    gate = Gate()
    model.will_play("full", [HEAD, *words(0, 3), gate, ending()])
    sent = [browser.send(question("full")) for _ in range(HOSTILE)]
    pages = [browser.follow(turn.reply) for turn in sent]
    for page in pages:
        page.until_words(3)

    assert server.browser().get("/healthz").status == server.browser().get("/").status == 200
    assert unharmed(server, "beside-the-full")
    browser.post(f"/replies/{sent[0].reply}/stop")
    assert until_ended(server.database, sent[0].reply).state == "stopped"

    gate.open()
    assert {until_ended(server.database, turn.reply).state for turn in sent[1:]} == {"complete"}
    for page in pages:
        page.until_over()
    assert [entry for page in pages for entry in page.complaints()] == [] and model.calls["full"] == HOSTILE


def test_without_javascript_the_whole_page_streams_and_ends(server: Server, model: Model, browser: Browser) -> None:
    """F37: the plain form's own answer is the page. In a real browser: tests/browser/test_sending.py."""
    answer = browser.ask("POST", "/conversations", {"text": question("plain")}, Accept="text/html")

    reply_id = replies_of(browser, listed(browser)[0])[0]
    assert answer.body.rstrip().endswith("</html>") and "w19" in answer.body
    assert words_stored(server.database, reply_id) == list(range(20))
    assert violations(server, "plain", [reply_id], []) == []


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /conversations HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nx\r\n0\r\n\r\n",
        b"POST /conversations HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /%00%ff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"Cookie: a=b\r\n" * 200 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: elsewhere\r\n\r\n",
        b"\xff\xfe\x00garbage\r\n\r\n",
    ],
    ids=["length and chunks", "chunks", "length", "nul", "utf-8", "cookies", "hosts", "garbage"],
)
def test_a_malformed_request_is_refused_and_kills_no_worker(server: Server, raw: bytes) -> None:
    """F32: requests that are no HTTP. Fields and forms: tests/routes/test_errors.py and test_messages.py."""
    before = server.workers()
    with socket.create_connection(("127.0.0.1", server.port), 20) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while more := connection.recv(65_536):
            received += more

    assert not received or 400 <= read(received).status < 500
    assert server.workers() == before and server.browser().get("/healthz").status == 200
