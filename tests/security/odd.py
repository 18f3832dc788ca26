"""Create random, malformed requests, from random.Random or from Hypothesis, which shrinks those that fail."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any
from urllib.parse import quote

FORM = "application/x-www-form-urlencoded"
PARTED = "multipart/form-data"

Pairs = list[tuple[str, str]]


@lru_cache
def escaped(text: str) -> str:
    """Percent-encode a text, even with lone surrogates."""
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def joined(pairs: Iterable[tuple[str, str]]) -> str:
    """Encode fields as a form."""
    return "&".join(f"{escaped(name)}={escaped(value)}" for name, value in pairs)


FIELDS = [
    *("text", "title", "key", "parent", "model", "away", "at", "before", "after", "current", "done", "next", "role"),
    *(
        "email",
        "emails",
        "password",
        "present",
        "name",
        "uses",
        "days",
        "url",
        "kind",
        "first",
        "was_first",
        "on",
        "was",
        "off",
        "all",
        "q",
        "link",
    ),
    *("text[]", "é", ""),
]
"""What routes read of a form or of an address, and three names that none does."""

ODD = [
    *("", "\0", "a\0b", "\ud83d", "-1", "0", "1e9", "None", "[]", "{}", "true", "٣", "\u202e", "\U0001f600", " "),
    *("%00", "\r\nX-Evil: 1", "' OR 1=1 --", "%ff", "../..", "<script>", "{{7*7}}", "${x}"),
    *("é" * 300, "9" * 40),
]
HUGE = "x" * 70_000
GOOD = ["Hello?", "1", "2", "md", "admin", "member", "small", "scripted/large", "openai", "http://127.0.0.1:9/v1"]
"""What some field takes."""

USUAL = {
    **{"text": "Hello?", "title": "Another title", "email": "newcomer@example.org", "password": "a horse that reads"},
    **{"present": "a horse that reads", "role": "member", "kind": "openai", "url": "http://127.0.0.1:9/v1"},
    **{"uses": "1", "days": "7", "name": "another", "on": "small"},
}
"""What the forms want."""

BYTES = [b"text=%ff", b"text=%C0%AF", b"text=\xff\xfe", b"&" * 1500, b"=&=&=", b"%"]
PART = b'--x\r\nContent-Disposition: form-data; name="text"%s\r\n\r\n%s\r\n--x--'
PARTS = [b"", b'; filename="a"', b'; filename="../a"', b"\r\nA: \xff"]
NO_FORM = ["", "text/plain", "a/b; charset=x", f"{FORM}; charset=é", f"{PARTED}; boundary="]

HEADERS = [
    *("Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Cookie", "Range", "If-None-Match", "Expect"),
    *("HX-Request", "HX-Request-Type", "HX-History-Restore-Request", "Origin", "Sec-Fetch-Site", "Host"),
    *("X-Request-ID", "X-Forwarded-For", "Content-Length", "Transfer-Encoding", "If-Modified-Since"),
    *("X-HTTP-Method-Override",),
]
VALUES = [
    *("a", "<", ">", '"', "'", "%", ";", ",", "/", "\\", " ", "\t", "é", "", "*/*", "text/html", "text/plain"),
    *("bytes=0-1", "gzip", "true", "null", "-1", "10", "1500000", "x" * 9000),
    *("rivulet=", "rivulet=x", "rivulet=" + "y" * 5000),
    *(";" * 200, "Basic x", "rivulet=\xff", 'rivulet="', "=x; rivulet=a"),
]
METHODS = [*[""] * 16, "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW"]
"""An empty one is the route's own."""

PLANES = [0x80, 0x800, 0x1_0000, 0x11_0000]
"""Below which characters take one byte, two, three, and four."""


@dataclass(frozen=True)
class Request:
    """A request: whose data the address names, the method, the query, headers, and a body with its type."""

    whose: str
    method: str
    query: Pairs
    headers: dict[str, str]
    mimetype: str
    body: bytes


def request(chance: Random) -> Request:
    """Create a request that is odd in every way, or in one or two ways, so that it reaches the handlers."""
    odd = [chance.choice([True, False]) for _ in range(5)] if chance.randrange(3) else [True] * 5
    whose, method, query, headers, body = odd
    return Request(
        chance.choice(["own", "own", "nobody's", text(chance)]) if whose else "own",
        chance.choice(METHODS) if method else "",
        pairs(chance, 10) if query else [],
        {chance.choice(HEADERS): chance.choice(VALUES) for _ in range(chance.randrange(4))} if headers else {},
        *(odd_body(chance) if body else form(chance)),
    )


def form(chance: Random) -> tuple[str, bytes]:
    """Create a form with all known fields, most of them valid."""
    return FORM, joined([*pairs(chance, 2), *USUAL.items()]).encode()


def odd_body(chance: Random) -> tuple[str, bytes]:
    """Create a body and a content type, which can disagree."""
    kind = chance.randrange(5)
    if kind == 0:
        return FORM, joined(pairs(chance, 10)).encode()
    if kind == 1:
        return chance.choice([f"{PARTED}; boundary=x", PARTED]), PART % (chance.choice(PARTS), some_bytes(chance))
    if kind == 2:
        return "application/json", json.dumps(dict.fromkeys(["text", "title"], nested(chance, 3))).encode()
    return FORM if kind == 3 else chance.choice(NO_FORM), some_bytes(chance)


def pairs(chance: Random, most: int) -> Pairs:
    """Create some fields; a name can occur twice."""
    return [(chance.choice(FIELDS), text(chance)) for _ in range(chance.randrange(most + 1))]


def text(chance: Random) -> str:
    """Create a text from the lists or of random characters; rarely a huge one, which takes long to send."""
    if not chance.randrange(100):
        return HUGE
    if chance.randrange(3):
        return chance.choice([*ODD, *GOOD])
    return "".join(chr(chance.randrange(chance.choice(PLANES))) for _ in range(chance.randrange(9)))


def some_bytes(chance: Random) -> bytes:
    """Create the bytes of a body."""
    return chance.choice(BYTES) if chance.randrange(2) else chance.randbytes(chance.randrange(65))


def nested(chance: Random, deepest: int) -> Any:
    """Create a JSON value."""
    if deepest and not chance.randrange(3):
        return [nested(chance, deepest - 1) for _ in range(chance.randrange(4))]
    return chance.choice([None, True, False, 0, -1, 2**70, 1e308, text(chance)])
