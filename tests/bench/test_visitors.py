"""Test the bench's clients: they find an answer's end, and reconnect if its stream breaks off."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from bench.visitors import OfRivulet, Turn
from bench.wire import Lost, Wire, body_of, request
from tests.scripted import PATIENCE

T = TypeVar("T")

PAGE = '<form id="composer"><input type="hidden" name="key" value="a&amp;b"></form>'
REPLY = '<article hx-sse:connect="/replies/5/generation"></article>' + PAGE
FINISHED = '<hx-partial hx-target="#reply-5" hx-swap="outerHTML">done</hx-partial>'


def whole(body: str, *fields: str) -> bytes:
    """Write an answer with a length."""
    return "\r\n".join(["HTTP/1.1 200 OK", *fields, f"Content-Length: {len(body)}", "", body]).encode()


def streamed(*parts: str) -> list[bytes]:
    """Write an answer in chunks, each a separate write; its headers end with the bytes of a last chunk."""
    chunks = [f"{len(part):x}\r\n{part}\r\n".encode() for part in parts]
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Request-ID: 5c0\r\n\r\n"
    return [head, *chunks, b"0\r\n", b"\r\n"]


def against(script: list[list[bytes]], does: Callable[[int], Awaitable[T]]) -> tuple[T, list[str]]:
    """Connect a client to a server that sends each request its writes, and closes the connection after an empty one."""
    heard: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        thread = threading.Thread(target=serve, args=(listener, script, heard))
        thread.start()

        async def run() -> T:
            return await does(listener.getsockname()[1])

        try:
            return asyncio.run(run()), heard
        finally:
            thread.join()


def serve(listener: socket.socket, script: list[list[bytes]], heard: list[str]) -> None:
    """Serve one connection after another until the script is done, and print a line for each."""
    while script:
        connection, _ = listener.accept()
        heard.append("connected")
        with connection:
            while script and (request := connection.recv(65_536)):
                heard.append(request.decode())
                if not given(connection, script.pop(0)):
                    break


def given(connection: socket.socket, writes: list[bytes]) -> bool:
    """Send an answer, each part as a separate packet; return False if the connection must be closed."""
    for data in writes:
        time.sleep(0.01)
        connection.sendall(data)
    return all(writes)


def asked_of(heard: list[str]) -> list[str]:
    """List the requests that a server received."""
    return [line for line in heard if line != "connected"]


async def asked(port: int) -> tuple[str, bool]:
    """Ask once; return the body, and whether the connection can be used again."""
    wire = await Wire.to(port)
    body = body_of(await wire.ask(request("GET", "/")))
    still_open = wire.open
    wire.close()
    return body, still_open


@pytest.mark.parametrize(
    ("script", "body", "still_open"),
    [
        ([whole("hello")], "hello", True),
        ([whole("hello")[:30], whole("hello")[30:-2], whole("hello")[-2:]], "hello", True),
        ([whole("bye", "Connection: close")], "bye", False),
        (streamed("some", "thing"), "4\r\nsome\r\n5\r\nthing\r\n0\r\n\r\n", True),
    ],
    ids=["at once", "in parts", "and closes", "in chunks"],
)
def test_an_answer_is_read_to_its_end(script: list[bytes], body: str, still_open: bool) -> None:
    answer, _ = against([script], asked)

    assert answer == (body, still_open)


def test_an_answer_that_breaks_off_is_lost() -> None:
    with pytest.raises(Lost):
        against([[whole("hello")[:-2], b""]], asked)


def turn_of(script: list[list[bytes]], routed: bool = False) -> tuple[Turn, list[str]]:
    """Run one turn of one visitor of Rivulet."""

    async def visit(port: int) -> Turn:
        turn, visitor = Turn(1), OfRivulet(port, routed)
        await visitor.prepare()
        await visitor.turn(turn, "Hello?")
        visitor.leave()
        return turn

    return against(script, visit)


def test_a_visitor_posts_what_the_composer_holds_and_follows_with_its_cookie() -> None:
    sent = whole(REPLY, "Set-Cookie: rivulet-0a1b2c3d=me; Path=/", "HX-Push-Url: /conversations/3")

    turn, heard = turn_of([[whole(PAGE)], [sent], streamed("Q000000001Z", FINISHED)])

    assert turn.ended and turn.begun == 1
    _, posted, followed = asked_of(heard)
    assert posted.startswith("POST /conversations HTTP/1.1") and "HX-Request: true" in posted
    assert followed.startswith("GET /replies/5/generation") and "Cookie: rivulet-0a1b2c3d=me" in followed


@pytest.mark.parametrize("broken", [[b""], streamed("Q000000001Z")], ids=["lost", "without its end"])
def test_a_stream_that_ends_too_early_is_followed_again(broken: list[bytes]) -> None:
    turn, heard = turn_of([[whole(PAGE)], [whole(REPLY)], broken, streamed(FINISHED)])

    assert turn.ended
    assert [line.split()[1] for line in asked_of(heard)[2:]] == ["/replies/5/generation"] * 2


@pytest.mark.parametrize(("routed", "connections"), [(False, 2), (True, 3)])
def test_a_visitor_keeps_its_connection_unless_a_router_stands_between(routed: bool, connections: int) -> None:
    _, heard = turn_of([[whole(PAGE)], [whole(REPLY)], streamed(FINISHED)], routed)

    assert heard.count("connected") == connections


def test_an_answer_that_was_refused_has_not_ended() -> None:
    turn, _ = turn_of([[whole(PAGE)], [whole("no room")]])

    assert not turn.ended
