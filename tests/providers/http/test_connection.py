"""Test that closing reaches the server at once, at every stage, from another thread or greenlet, with and without
TLS."""

from __future__ import annotations

import gc
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from chat.providers.base import Timeouts
from chat.providers.errors import Unavailable
from chat.providers.http.certificates import tls_context
from chat.providers.http.client import StreamingRequest
from chat.providers.http.connection import PacedReader, SecureConnection
from chat.providers.http.result import HTTPResult
from tests.providers.server import SILENCE, Server, chunk, head, plain, whole
from tests.providers.tls import CERTIFICATE, SecureServer

LONG = Timeouts(connect=30, first_byte=30, read=30, total=30)
AT_ONCE = 5.0
"""Far less than any of the timeouts, and far more than a loaded machine needs."""


def read(
    url: str, timeouts: Timeouts = LONG, pauses: tuple[float, ...] = (20.0,)
) -> tuple[HTTPResult, list, threading.Thread]:
    """Read a result in a thread; return its text and its error."""
    request = StreamingRequest(url, b"{}", timeouts=timeouts, pauses=pauses)
    result = HTTPResult("a-model", request, (part.decode() for part in request))
    said: list = []
    thread = threading.Thread(target=collect, args=(result, said), daemon=True)
    thread.start()
    return result, said, thread


def collect(result: HTTPResult, said: list) -> None:
    try:
        for piece in result:
            said.append(piece)
    except Exception as error:
        said.append(error)


def wait_until(true) -> None:
    limit = time.monotonic() + AT_ONCE
    while not true():
        assert time.monotonic() < limit
        time.sleep(0.005)


def wait_until_within(thread: threading.Thread, *names: str) -> None:
    """Wait until a thread is in functions of these names."""
    wait_until(lambda: set(names) <= set(functions_of(thread)))


def functions_of(thread: threading.Thread) -> Iterator[str]:
    frame = sys._current_frames().get(thread.ident or 0)
    while frame:
        yield frame.f_code.co_name
        frame = frame.f_back


def assert_closes_at_once(result: HTTPResult, thread: threading.Thread) -> None:
    result.close()
    thread.join(AT_ONCE)
    assert not thread.is_alive()


def test_closing_while_the_head_is_awaited():
    with Server([SILENCE]) as server:
        result, said, thread = read(server.url)
        assert server.arrived.wait(AT_ONCE)
        wait_until_within(thread, "_send", "readinto")

        assert_closes_at_once(result, thread)

        assert server.left.wait(AT_ONCE)
        assert said == []


def test_closing_while_the_first_piece_is_awaited():
    with Server([head(), SILENCE]) as server:
        result, said, thread = read(server.url)
        assert server.arrived.wait(AT_ONCE)
        wait_until_within(thread, "_reads", "readinto")

        assert_closes_at_once(result, thread)

        assert server.left.wait(AT_ONCE)
        assert said == []


def test_closing_while_the_next_piece_is_awaited():
    with Server([head(), chunk("Hel"), SILENCE]) as server:
        result, said, thread = read(server.url)
        wait_until(lambda: said)
        wait_until_within(thread, "_reads", "readinto")

        assert_closes_at_once(result, thread)

        assert server.left.wait(AT_ONCE)
        assert said == ["Hel"]
        assert list(result) == ["Hel"]


def test_closing_between_two_tries():
    with Server(whole("503 Busy", ""), plain("Hello")) as server:
        result, said, thread = read(server.url)
        assert server.arrived.wait(AT_ONCE)
        wait_until_within(thread, "_answer", "wait")

        assert_closes_at_once(result, thread)

        assert (said, server.connections) == ([], 1)


def test_closing_while_an_error_is_read():
    with Server([head("500 Oops"), chunk("{"), SILENCE], plain("Hello")) as server:
        result, said, thread = read(server.url)
        assert server.arrived.wait(AT_ONCE)
        wait_until_within(thread, "_error_body", "readinto")

        assert_closes_at_once(result, thread)

        assert server.left.wait(AT_ONCE)
        assert (said, server.connections) == ([], 1)


def test_closing_while_connecting_sends_nothing():
    with ExitStack() as stack:
        url = full_house(stack)
        result, said, thread = read(url, Timeouts(connect=1, first_byte=30))
        wait_until_within(thread, "create_connection")

        assert_closes_at_once(result, thread)

        assert said == []


def full_house(stack: ExitStack) -> str:
    """Listen without accepting: on Linux, a full queue leaves new connections without an answer."""
    listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
    for _ in range(3):
        visitor = stack.enter_context(socket.socket())
        visitor.setblocking(False)
        visitor.connect_ex(listener.getsockname())
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_closing_before_anything_was_asked_sends_nothing():
    with Server(plain("Hello")) as server:
        request = StreamingRequest(server.url, b"{}")
        result = HTTPResult("a-model", request, (part.decode() for part in request))

        result.close()

        assert list(result) == []
        assert list(request) == []
        assert server.connections == 0


def test_closing_when_nobody_reads_reaches_the_server_too():
    with Server([head(), chunk("Hel"), SILENCE]) as server:
        request = StreamingRequest(server.url, b"{}", timeouts=LONG)
        result = HTTPResult("a-model", request, (part.decode() for part in request))
        next(iter(result))

        result.close()

        assert server.left.wait(AT_ONCE)


def test_closing_twice_and_after_the_end_is_harmless():
    with Server(plain("Hello")) as server:
        result, said, thread = read(server.url)
        thread.join(AT_ONCE)

        result.close()
        result.close()

        assert said == ["Hello"]


def test_a_result_that_is_dropped_lets_go_of_the_server():
    with Server([head(), chunk("Hel"), SILENCE]) as server:
        request = StreamingRequest(server.url, b"{}", timeouts=LONG)
        result = HTTPResult("a-model", request, (part.decode() for part in request))
        next(iter(result))

        del result, request
        gc.collect()

        assert server.left.wait(AT_ONCE)


@pytest.fixture
def trusted(monkeypatch):
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(CERTIFICATE))
    monkeypatch.setattr("requests.certs.where", lambda: str(CERTIFICATE))


def test_an_answer_over_tls_is_read(trusted):
    with SecureServer(plain("Hel", "lo")) as server:
        _, said, thread = read(server.url)
        thread.join(AT_ONCE)

        assert "".join(said) == "Hello"


def test_the_file_of_authorities_is_read_once(trusted):
    tls_context.cache_clear()
    with SecureServer(plain("Hello")) as server:
        for _ in range(3):
            assert b"".join(StreamingRequest(server.url, b"{}")) == b"Hello"

    assert (tls_context.cache_info().misses, tls_context.cache_info().hits) == (1, 2)


def test_the_client_s_use_of_private_parts_of_requests_and_urllib3_still_works(trusted):
    with SecureServer(plain("Hel", "lo")) as server:
        request = StreamingRequest(server.url, b"{}")
        response = request._send(request._session())
        connection: Any = response.raw._connection
        original: Any = response.raw._original_response

        assert isinstance(connection, SecureConnection)  # from the pool's ConnectionCls
        assert connection.ssl_context is tls_context(str(CERTIFICATE))  # from the pool's conn_kw
        assert isinstance(original.fp.raw, PacedReader)  # from the connection's response_class
        assert original.chunked and b"".join(request._reads(response)) == b"Hello"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8")
def test_a_host_of_another_name_is_refused_with_a_trusted_certificate(trusted):
    with (
        SecureServer(plain("Hello"), bind="127.0.0.2") as server,
        pytest.raises(Unavailable, match="certificate that isn't trusted"),
    ):
        list(StreamingRequest(server.url.replace("127.0.0.1", "127.0.0.2"), b"{}"))


@pytest.mark.parametrize("before", [[], [head(), chunk("Hel")]])
def test_closing_over_tls(trusted, before):
    with SecureServer([*before, SILENCE]) as server:
        result, said, thread = read(server.url)
        assert server.arrived.wait(AT_ONCE)
        wait_until(lambda: said or not before)

        assert_closes_at_once(result, thread)

        assert server.left.wait(AT_ONCE)
        assert said == (["Hel"] if before else [])


def test_a_silence_over_tls_ends_in_time(trusted):
    with SecureServer([SILENCE]) as server:
        _, said, thread = read(server.url, Timeouts(connect=5, first_byte=0.3))
        thread.join(AT_ONCE)

        assert isinstance(said[0], Unavailable)
        assert "sent nothing for 0.3 seconds" in str(said[0])


def test_a_certificate_that_nobody_vouches_for_is_refused_once():
    with SecureServer(plain("Hello")) as server:
        _, said, thread = read(server.url)
        thread.join(AT_ONCE)

        assert isinstance(said[0], Unavailable)
        assert "certificate that isn't trusted" in str(said[0])
        assert server.connections == 1


def test_all_of_it_under_gevent():
    script = Path(__file__).with_name("under_gevent.py")

    run = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, cwd=script.parents[2])

    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == ["head", "piece", "pause", "timeout", "tls", "done"]
