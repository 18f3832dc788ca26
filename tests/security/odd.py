"""Requests as nobody should send them, as strategies of hypothesis."""

from __future__ import annotations

import json
from collections.abc import Iterable
from urllib.parse import quote

from hypothesis import strategies as st

FORM = "application/x-www-form-urlencoded"
PARTED = "multipart/form-data"


def escaped(text: str) -> str:
    """Escape a text for an address or a form, halves of characters and all."""
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def joined(pairs: Iterable[tuple[str, str]]) -> str:
    """Write fields as a form does."""
    return "&".join(f"{escaped(name)}={escaped(value)}" for name, value in pairs)


FIELDS = [
    *("text", "title", "key", "parent", "model", "away", "at", "before", "after", "current", "done", "next", "role"),
    *("email", "password", "present", "name", "uses", "days", "url", "kind", "first", "on", "off", "text[]", "é", ""),
]
"""What routes read of a form or of an address, and three names that none does."""

ODD = [
    *(
        "",
        "\0",
        "a\0b",
        "\ud83d",
        "-1",
        "0",
        "1e9",
        "None",
        "[]",
        "{}",
        "true",
        "٣",
        "\u202e",
        "\U0001f600",
        " ",
        "%00",
    ),
    *("\r\nX-Evil: 1", "' OR 1=1 --", "%ff", "../..", "<script>", "{{7*7}}", "${x}", "x" * 70_000, "é" * 300, "9" * 40),
]
GOOD = ["Hello?", "1", "2", "md", "admin", "member", "small", "scripted/large", "openai", "https://a.test/v1"]
"""What some field takes."""

TEXTS = st.sampled_from([*ODD, *GOOD]) | st.text(st.characters(), max_size=8)
PAIRS = st.lists(st.tuples(st.sampled_from(FIELDS), TEXTS), min_size=2, max_size=10)

BYTES = st.sampled_from([b"text=%ff", b"text=%C0%AF", b"text=\xff\xfe", b"&" * 1500, b"=&=&=", b"%"]) | st.binary(
    max_size=64
)
PART = b'--x\r\nContent-Disposition: form-data; name="text"%s\r\n\r\n%s\r\n--x--'
PARTS = st.tuples(st.sampled_from([b"", b'; filename="a"', b'; filename="../a"', b"\r\nA: \xff"]), BYTES)
NESTED = st.recursive(st.none() | st.booleans() | st.integers() | TEXTS, lambda some: st.lists(some, max_size=3))
NO_FORM = ["", "text/plain", "a/b; charset=x", f"{FORM}; charset=é", f"{PARTED}; boundary="]
BODIES = st.one_of(
    st.tuples(st.just(FORM), PAIRS.map(lambda pairs: joined(pairs).encode())),
    st.tuples(st.just(FORM), BYTES),
    st.tuples(st.sampled_from([f"{PARTED}; boundary=x", PARTED]), PARTS.map(lambda parts: PART % parts)),
    st.tuples(st.just("application/json"), NESTED.map(lambda it: json.dumps({"text": it, "title": it}).encode())),
    st.tuples(st.sampled_from(NO_FORM), BYTES),
)

HEADERS = [
    *(
        "Accept",
        "Accept-Encoding",
        "Accept-Language",
        "Authorization",
        "Cookie",
        "Range",
        "If-None-Match",
        "HX-Request",
    ),
    *("HX-Request-Type", "HX-History-Restore-Request", "Origin", "Sec-Fetch-Site", "Host", "Expect", "X-Request-ID"),
    *("X-Forwarded-For", "Content-Length", "Transfer-Encoding", "If-Modified-Since", "X-HTTP-Method-Override"),
]
VALUES = [
    *(
        "a",
        "<",
        ">",
        '"',
        "'",
        "%",
        ";",
        ",",
        "/",
        "\\",
        " ",
        "\t",
        "é",
        "",
        "*/*",
        "text/html",
        "text/plain",
        "bytes=0-1",
    ),
    *("gzip", "true", "null", "-1", "x" * 9000, "rivulet=", "rivulet=x", "rivulet=" + "y" * 5000, ";" * 200, "Basic x"),
    *("rivulet=\xff", 'rivulet="', "=x; rivulet=a"),
]
METHODS = [*[""] * 16, "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW"]
"""An empty one is the route's own."""

REQUESTS = st.tuples(
    st.integers(0, 2**16),
    st.one_of(st.just("own"), st.just("own"), st.just("own"), st.just("nobody's"), TEXTS),
    st.sampled_from(METHODS),
    PAIRS,
    st.dictionaries(st.sampled_from(HEADERS), st.sampled_from(VALUES), max_size=3),
    BODIES,
    st.booleans(),
)
"""Which route, whose things its address names, the method, the query, headers, a body with its type, and whether an
admin sends it.
"""

AT_ONCE = 10
SOME = st.lists(REQUESTS, min_size=AT_ONCE, max_size=AT_ONCE)
