"""Test requests to providers: their retries, streams, timeouts, cancellation, and error messages."""

from __future__ import annotations

import gzip
import socket
import threading
import time

import pytest

from chat.config import Settings
from chat.providers.base import Timeouts
from chat.providers.errors import Interrupted, RateLimited, Unavailable
from chat.providers.http.client import ERROR_LIMIT, StreamingRequest, encode_json
from chat.providers.http.result import HTTPResult, in_one_piece, read_body
from tests.providers.server import END, RESET, SILENCE, Server, Step, chunk, head, plain, whole

QUICK = Timeouts(connect=2, first_byte=0.3, read=0.3, total=1.5)
"""For a server that falls silent; one that answers is given the time that a loaded machine needs."""
AT_ONCE = (0.0, 0.0)


def ask(server: Server, timeouts: Timeouts | None = None, pauses=AT_ONCE, **options) -> StreamingRequest:
    falls_silent = any(SILENCE in script for script in server.scripts)
    timeouts = timeouts or (QUICK if falls_silent else Timeouts(20, 20, 20, 20))
    return StreamingRequest(server.url, b"{}", timeouts=timeouts, pauses=pauses, **options)


def heard(request: StreamingRequest) -> tuple[bytes, Exception | None]:
    """Read until the end; return the pieces, and the error that ended the stream."""
    said = b""
    try:
        for read in request:
            said += read
            request.has_text = True
    except Exception as error:
        return said, error
    return said, None


def test_a_body_is_posted_with_its_length_and_an_honest_name():
    with Server(plain("Hello")) as server:
        body = encode_json({"text": "grüße 水"})

        answer = b"".join(StreamingRequest(server.url + "/api", body))

        assert answer == b"Hello"
        assert server.requests[0].startswith(b"POST /api HTTP/1.1\r\n")
        assert server.body == {"text": "grüße 水"}
        assert server.head["content-length"] == str(len(body))
        assert server.head["user-agent"].startswith("Rivulet/")
        assert server.head["accept-encoding"] == "identity"


@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request"])
@pytest.mark.parametrize("encoding", ["gzip", "br", "GZIP, identity"])
def test_an_answer_that_is_packed_all_the_same_is_not_unfolded(status, encoding):
    bomb = gzip.compress(bytes(1024 * 1024))
    packed = f"HTTP/1.1 {status}\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(bomb)}\r\n\r\n".encode() + bomb
    with Server([packed, END]) as server:
        said, error = heard(ask(server))

    assert said == b"" and isinstance(error, Unavailable) and "compressed its answer" in str(error)


def test_without_a_body_it_is_a_get():
    with Server(whole("200 OK", "[]")) as server:
        assert read_body(StreamingRequest(server.url), 10) == b"[]"
        assert server.requests[0].startswith(b"GET ")


def test_nothing_is_sent_before_the_first_piece_is_asked_for():
    with Server(plain("Hello")) as server:
        request = ask(server)
        reads = iter(request)
        before = request.connection.connected

        next(reads)

        assert (before, request.connection.connected, server.connections) == (False, True, 1)


def test_a_lone_surrogate_does_not_stop_a_request():
    assert encode_json({"a": "x\ud83dy"}) == b'{"a": "x?y"}'


def test_a_number_that_json_lacks_is_refused_at_once():
    with pytest.raises(ValueError):
        encode_json({"temperature": float("nan")})


def test_each_read_of_the_network_is_handed_on_at_once():
    gate = threading.Event()
    script: list[Step] = [head() + b"a\r\nhello", SILENCE]
    with Server(script) as server:
        request = ask(server, Timeouts(2, 5, 5, 5))
        threading.Timer(5, gate.set).start()

        first = next(iter(request))

        assert first == b"hello"
        assert not gate.is_set()
        request.close()


def test_what_may_gather_is_read_together():
    asked = threading.Event()
    with Server([head(), chunk("one "), asked, chunk("two "), chunk("three"), END]) as server:
        request = ask(server, Timeouts(2, 5, 5, 5))
        result = HTTPResult("m", request)

        def gather() -> float:
            asked.set()
            return 0.2

        result.gather(gather)

        assert list(request) == [b"one ", b"two three"]


def test_the_first_word_waits_for_no_others():
    with Server([head(), chunk("one"), END]) as server:
        request = ask(server)
        gathered = []
        HTTPResult("m", request).gather(lambda: gathered.append(b"") or 0)

        first = next(iter(request))

        assert (first, gathered) == (b"one", [])
        request.close()


def test_an_answer_without_length_or_chunks_ends_with_the_connection():
    with Server([head(chunked=False), b"Hel", 0.02, b"lo"]) as server:
        assert heard(ask(server)) == (b"Hello", None)


def test_an_answer_in_http_1_0_is_read():
    with Server([b"HTTP/1.0 200 OK\r\n\r\nHello"]) as server:
        assert heard(ask(server)) == (b"Hello", None)


# Retries


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 529])
def test_a_failure_that_may_pass_is_tried_twice_more(status):
    with Server(whole(f"{status} Oops", "")) as server:
        _, error = heard(ask(server))

        assert server.connections == 3
        assert isinstance(error, RateLimited if status == 429 else Unavailable)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 408, 413, 422, 501, 520])
def test_a_failure_that_stays_is_not_tried_again(status):
    with Server(whole(f"{status} Oops", "")) as server:
        _, error = heard(ask(server))

        assert server.connections == 1
        assert error is not None


def test_an_answer_after_failures_is_an_answer():
    with Server(whole("503 Busy", ""), whole("429 Slow down", ""), plain("Hello")) as server:
        assert heard(ask(server)) == (b"Hello", None)
        assert server.connections == 3
        assert server.requests[0] == server.requests[2]


def test_retry_after_is_honoured():
    with Server(whole("503 Busy", "", "Retry-After: 0.3"), plain("Hello")) as server:
        started = time.monotonic()

        said, _ = heard(ask(server))

        assert said == b"Hello"
        assert time.monotonic() - started >= 0.3


def test_who_asks_for_more_than_ten_seconds_is_not_asked_again():
    with Server(whole("429 Slow down", "", "Retry-After: 11")) as server:
        _, error = heard(ask(server))

        assert server.connections == 1
        assert isinstance(error, RateLimited)
        assert error.retry_after == 11
        assert "in 11 seconds" in str(error)


def test_a_refused_connection_is_tried_again():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        threading.Timer(0.1, listener.listen).start()
        answer = threading.Thread(target=answer_once, args=(listener,), daemon=True)
        threading.Timer(0.15, answer.start).start()

        said, error = heard(StreamingRequest(url, b"{}", timeouts=QUICK, pauses=(1.0, 1.0)))

        assert (said, error) == (b"Hello", None)


def answer_once(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"".join(step for step in plain("Hello") if isinstance(step, bytes)))


def test_nothing_is_tried_again_after_the_first_piece():
    with Server([head(), chunk("Hel"), RESET]) as server:
        said, error = heard(ask(server))

        assert (said, server.connections) == (b"Hel", 1)
        assert isinstance(error, Interrupted)


def test_a_connection_that_is_lost_before_the_head_is_not_tried_again():
    with Server([]) as server:
        _, error = heard(ask(server))

        assert server.connections == 1
        assert isinstance(error, Unavailable)


def test_a_redirect_is_not_followed():
    """OW 26-45401, 26-54008, 26-54018; LB 24-47066: a redirect that leads inside, with the key."""
    with Server(whole("308 Permanent Redirect", "", "Location: /elsewhere")) as server:
        _, error = heard(ask(server))

        assert len(server.requests) == 1
        assert isinstance(error, Unavailable)
        assert "at the URL in its settings" in str(error)


# Broken connections


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param([], id="closed between chunks"),
        pytest.param([b"9\r\n"], id="closed inside a chunk"),
        pytest.param([RESET], id="reset"),
        pytest.param([b"no chunk\r\n"], id="broken framing"),
        pytest.param([SILENCE], id="silence"),
    ],
)
def test_an_answer_that_breaks_off_keeps_what_was_said(rest):
    with Server([head(), chunk("Hel"), chunk("lo"), 0.05, *rest]) as server:
        said, error = heard(ask(server))

        assert said == b"Hello"
        assert isinstance(error, Interrupted)
        assert server.host in str(error)


def test_a_chunk_that_is_cut_keeps_its_beginning():
    with Server([head(), b"20\r\nHello"]) as server:
        said, error = heard(ask(server))

        assert said == b"Hello"
        assert isinstance(error, Interrupted)


def test_a_body_shorter_than_its_length_is_an_interruption():
    with Server([head("200 OK", "Content-Length: 20", chunked=False), b"Hello"]) as server:
        said, error = heard(ask(server))

        assert said == b"Hello"
        assert isinstance(error, Interrupted)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param([], id="closed at once"),
        pytest.param([RESET], id="reset at once"),
        pytest.param([b"HTTP/1.1 2"], id="cut inside the head"),
        pytest.param([b"what is this\r\n\r\n"], id="not HTTP"),
        pytest.param([head()], id="cut after the head"),
        pytest.param([b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200], id="too many headers"),
        pytest.param([b"HTTP/1.1 200 " + b"x" * 70_000], id="an endless first line"),
    ],
)
def test_a_server_that_says_nothing_of_use_is_unavailable(script):
    with Server(script) as server:
        said, error = heard(ask(server))

        assert said == b""
        assert isinstance(error, Unavailable)


def test_a_server_that_is_not_there_is_unavailable():
    with Server(plain("Hello")) as server:
        url, host = server.url, server.host

    said, error = heard(StreamingRequest(url, b"{}", pauses=AT_ONCE))

    assert said == b""
    assert (
        str(error)
        == f"{host} can't be reached. Ask your admin to check that it is running and that its URL is correct."
    )


def test_a_name_that_leads_nowhere_is_unavailable():
    _, error = heard(StreamingRequest("http://name.invalid/v1", b"{}", pauses=AT_ONCE))

    assert isinstance(error, Unavailable)
    assert "name.invalid" in str(error)


@pytest.mark.parametrize("url", ["http://", "http://a b/", "nonsense", "http://127.0.0.1:99999/"])
def test_an_address_that_is_none_is_unavailable(url):
    _, error = heard(StreamingRequest(url, b"{}", pauses=AT_ONCE))

    assert isinstance(error, Unavailable)


# Timeouts


def test_a_server_that_sends_no_head_is_given_up():
    with Server([SILENCE]) as server:
        _, error = heard(ask(server))

        assert isinstance(error, Unavailable)
        assert "sent nothing for 0.3 seconds" in str(error)
        assert server.left.wait(5)
        assert server.connections == 1


def test_a_head_that_drips_counts_as_no_answer():
    drip = [step for byte in head() for step in (bytes([byte]), 0.1)]
    with Server(drip) as server:
        _, error = heard(ask(server, QUICK))

        assert isinstance(error, Unavailable)
        assert server.left.wait(5)


def test_a_head_without_a_body_is_given_up():
    with Server([head(), SILENCE]) as server:
        _, error = heard(ask(server))

        assert isinstance(error, Unavailable)
        assert "sent nothing for" in str(error)


def test_waiting_for_the_head_may_take_longer_than_a_gap():
    with Server([0.4, head(), 0.2, chunk("Hello"), END]) as server:
        assert heard(ask(server, Timeouts(connect=2, first_byte=5, read=0.1, total=10))) == (b"Hello", None)


def test_a_silence_in_the_answer_ends_it():
    with Server([head(), chunk("Hel"), SILENCE]) as server:
        said, error = heard(ask(server))

        assert said == b"Hel"
        assert isinstance(error, Interrupted)
        assert "went silent for 0.3 seconds" in str(error)
        assert server.left.wait(5)


@pytest.mark.parametrize("drop", [b"1\r\nx\r\n", b"8\r\n: ping\n\n\r\n"])
def test_an_answer_that_drips_ends_with_the_whole_time(drop):
    drip = [step for _ in range(200) for step in (drop, 0.05)]
    with Server([head(), *drip]) as server:
        said, error = heard(ask(server, Timeouts(connect=2, first_byte=0.5, read=0.5, total=0.6)))

        assert said.startswith(drop[3:-2])
        assert isinstance(error, Interrupted)
        assert "took longer than 0.6 seconds" in str(error)
        assert server.left.wait(5)


def test_a_drip_inside_the_framing_ends_with_the_whole_time():
    drip = [step for _ in range(200) for step in (b"0", 0.05)]
    with Server([head(), chunk("Hel"), *drip]) as server:
        said, error = heard(ask(server, Timeouts(connect=2, first_byte=0.5, read=0.5, total=0.6)))

        assert said == b"Hel"
        assert isinstance(error, Interrupted)


def test_an_error_whose_body_never_ends_is_told_all_the_same(monkeypatch):
    monkeypatch.setattr("chat.providers.http.client.ERROR_PATIENCE", 0.2)
    with Server([head("401 Unauthorized"), chunk("{"), SILENCE]) as server:
        _, error = heard(ask(server, Timeouts(2, 60, 60, 60)))

        assert "rejected the API key" in str(error)


def test_of_an_error_no_more_is_read_than_is_of_use():
    with Server([head("400 Bad Request"), *[chunk(b"x" * ERROR_LIMIT)] * 100, SILENCE]) as server:
        _, error = heard(ask(server))

        assert "rejected the request" in str(error)
        assert server.left.wait(5)


def test_what_is_fetched_whole_has_a_limit():
    with Server([head(), *[chunk(b"x" * 1000)] * 100, SILENCE]) as server, pytest.raises(Unavailable):
        read_body(ask(server), 2000)


# Addresses


def test_this_machine_is_never_asked_through_a_proxy(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with Server(plain("Hello")) as server:
        assert heard(ask(server)) == (b"Hello", None)


def test_others_are_asked_through_the_proxy_of_the_environment(monkeypatch):
    with Server(plain("Hello")) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)

        answer = heard(StreamingRequest("http://model.test/v1", b"{}", timeouts=QUICK))

        assert answer == (b"Hello", None)
        assert proxy.requests[0].startswith(b"POST http://model.test/v1 HTTP/1.1\r\n")


def test_passwords_of_netrc_are_never_sent(monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("default login someone password secret\n")
    with Server(plain("Hello")) as proxy:
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        monkeypatch.setenv("http_proxy", proxy.url)

        heard(StreamingRequest("http://model.test/v1", b"{}", timeouts=QUICK))

        assert "authorization" not in proxy.head


# Settings and results


def test_timeouts_are_read_from_settings():
    settings = Settings(connect_timeout=1.0, first_byte_timeout=2.0, read_timeout=3.0, total_timeout=4.0)

    assert Timeouts.from_settings(settings) == Timeouts(connect=1, first_byte=2, read=3, total=4)


def test_one_piece_holds_the_whole_text():
    assert list(in_one_piece(["Hel", "lo"])) == ["Hello"]


def test_one_piece_of_nothing_is_no_piece():
    assert list(in_one_piece([])) == []


def test_one_piece_that_breaks_off_keeps_what_was_said():
    with Server([head(), chunk("Hel"), chunk("lo"), SILENCE]) as server:
        request = ask(server)
        result = HTTPResult("a-model", request, in_one_piece(decoded(request)))
        said = []

        with pytest.raises(Interrupted):
            for piece in result:
                said.append(piece)

        assert said == ["Hello"]


def decoded(request: StreamingRequest):
    for read in request:
        request.has_text = True
        yield read.decode()


def test_one_piece_without_an_end_is_cut(monkeypatch):
    monkeypatch.setattr("chat.providers.http.result.ANSWER_LIMIT", 10)

    assert list(in_one_piece("abc" for _ in iter(int, 1))) == ["abcabcabca", "bc"]
