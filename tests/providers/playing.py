"""Play answers of servers that speak Chat Completions without a socket: recorded quirks, and their readers.

A test plays the whole response, headers and chunks included, cut as it likes. Only the adapter of `requests` is
replaced; all our code above the socket is the real one.
"""

from __future__ import annotations

import http.client
import io
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

from chat.providers import PROVIDERS
from chat.providers.answer import CreateResult
from chat.providers.base import AbstractProvider
from chat.providers.errors import ProviderError
from chat.providers.http.connection import CancellableConnection
from chat.providers.local import Local
from chat.providers.local.child import Endpoint
from chat.providers.openai import OpenAICompatible
from tests.providers.server import END, chunk, delta, head

FOLDER = Path(__file__).parent / "quirks"
SPLITS = 10
SHORT = re.compile(r'(R|D|[CF] (".*"))')
URL = "http://played.test/v1"


@dataclass(frozen=True)
class Quirk:
    """One recorded file: its name, its headers and its body."""

    name: str
    expected: dict[str, Any]
    body: bytes

    def response(self) -> bytes:
        """Write the whole response."""
        chunked = self.expected.get("framing", "chunked") == "chunked"
        header = self.expected.get("header", "Content-Type: text/event-stream")
        start = head(self.expected.get("status", "200 OK"), header, chunked=chunked)
        return start + (b"".join(map(chunk, in_three(self.body))) + END if chunked else self.body)


def in_three(body: bytes) -> Iterator[bytes]:
    """Cut a body into chunks as a server might; our code must not depend on the cuts."""
    third = len(body) // 3 + 1
    return filter(None, (body[:third], body[third : 2 * third], body[2 * third :]))


def quirks() -> list[Quirk]:
    return [quirk_of(path) for path in sorted(FOLDER.glob("*.txt"))]


def quirk_of(path: Path) -> Quirk:
    """Read one file."""
    facts, _, body = path.read_text("utf-8").partition("\n---\n")
    expected = {name: json.loads(value) for name, _, value in (line.partition(": ") for line in facts.split("\n"))}
    if expected.get("escapes"):
        return Quirk(path.stem, expected, body.strip().encode("latin-1").decode("unicode-escape").encode("latin-1"))
    return Quirk(path.stem, expected, "\n".join(map(written_out, body.split("\n"))).encode())


def written_out(line: str) -> str:
    """Encode a line of a body as the server sends it."""
    if not SHORT.fullmatch(line):
        return line
    word = json.loads(line[2:] or '""')
    events = {
        "R": {"choices": [{"index": 0, "delta": {"role": "assistant"}, "finish_reason": None}]},
        "C": delta(word),
        "F": {"choices": [{"index": 0, "delta": {}, "finish_reason": word}]},
    }
    return f"data: {json.dumps(events[line[0]]) if line != 'D' else '[DONE]'}\n"


def splits(response: bytes) -> Iterator[list[bytes]]:
    """Cut a response in all the ways that tests play it."""
    yield [response]
    yield [response[place : place + 1] for place in range(len(response))]
    for seed in range(SPLITS):
        chance = random.Random(seed)
        places = sorted(chance.randrange(len(response)) for _ in range(chance.randrange(1, 12)))
        yield [response[start:end] for start, end in zip([0, *places], [*places, len(response)], strict=True)]


class Reads(io.RawIOBase):
    """The other end of a socket: each read returns the next part."""

    def __init__(self, parts: list[bytes]):
        self.parts = [part for part in parts if part][::-1]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self.parts:
            return 0
        part = self.parts.pop()
        count = min(len(part), len(buffer))
        buffer[:count] = part[:count]
        if part[count:]:
            self.parts.append(part[count:])
        return count

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return itself: http.client asks a socket for a file."""
        return io.BufferedReader(self)


class Player(HTTPAdapter):
    """Answers each request with the next parts, and repeats the last ones."""

    parts: list[bytes] = []

    def __init__(self, connection: CancellableConnection):
        super().__init__()
        self.connection = connection

    def send(self, request: PreparedRequest, *arguments: Any, **options: Any) -> Response:
        """Read the headers of the played response."""
        self.connection.connected = True
        original = http.client.HTTPResponse(Reads(self.parts))  # type: ignore[arg-type]
        original.begin()
        fields = {
            "headers": HTTPHeaderDict(original.headers.items()),
            "status": original.status,
            "reason": original.reason,
            "original_response": original,
        }
        return self.build_response(request, HTTPResponse(original, preload_content=False, **fields))  # type: ignore[arg-type]


@dataclass
class Heard:
    """The outcome: the result, and the error that ended it."""

    result: CreateResult
    error: ProviderError | None
    text: str


def heard(provider: AbstractProvider) -> Heard:
    """Ask a provider, and read to the end."""
    result = provider.create_completion("", [{"role": "user", "content": "Hi"}], True)
    try:
        return Heard(result, None, result.text)
    except ProviderError as error:
        return Heard(result, error, "".join(result._kept))


def local() -> Local:
    """Create the provider of the demo model, as if its process were running."""
    provider = Local.__new__(Local)
    provider.__dict__ |= {
        "timeouts": OpenAICompatible(URL)._timeouts,
        "endpoint": lambda: Endpoint(1, ""),
        "is_running": lambda: True,
        "has_ended": lambda: False,
    }
    return provider


def speakers() -> dict[str, Callable[[], AbstractProvider]]:
    """List the providers of the table that speak Chat Completions, with their factories."""
    made: dict[str, Callable[[], AbstractProvider]] = {"local": local} if PROVIDERS.get("local") is Local else {}
    for name, kind in PROVIDERS.items():
        if issubclass(kind, OpenAICompatible):
            made[name] = lambda kind=kind: kind(URL, "a-long-key", model="a-model")  # type: ignore[misc]
    return made


@pytest.fixture
def player(monkeypatch: pytest.MonkeyPatch) -> type[Player]:
    """Let the player answer all requests, without retries."""
    monkeypatch.setattr("chat.providers.http.client.CancellableAdapter", Player)
    monkeypatch.setattr("chat.providers.http.client.PAUSES", ())
    monkeypatch.setattr(Endpoint, "is_busy", lambda self: False)
    return Player
