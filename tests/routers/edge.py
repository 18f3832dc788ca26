"""Simulate what Cloudflare documents beyond passing requests on: it ends TLS, caches files, and rewrites pages.

It caches by the address's extension unless the response forbids it, compresses for browsers that accept that, and
obscures e-mail addresses in HTML. A response with `no-transform` is neither compressed nor rewritten.
"""

from __future__ import annotations

import asyncio
import gzip
import re
import ssl
from urllib.parse import urlsplit

from tests.providers.tls import CONTEXT
from tests.routers.kinds import CLOUDFLARE
from tests.routers.router import Router
from tests.routers.wire import Head, Stream, pieces

KEPT = {"css", "js", "csv", "pdf", "png", "jpg", "gif", "svg", "ico", "webp", "woff2", "zip", "gz", "docx", "mp4"}
"""Some of the cached extensions; HTML and JSON are never cached."""

FORBIDS = re.compile("no-store|no-cache|private|max-age=0")
ADDRESS = re.compile(rb"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
OBSCURED = b'<a href="/cdn-cgi/l/email-protection" class="__cf_email__">[email&#160;protected]</a>'
FRAMES = {"transfer-encoding", "content-length"}


class Edge(Router):
    """An https router that caches files by address in `cache`."""

    def __init__(self, *backends: int):
        super().__init__(CLOUDFLARE, *backends)
        self.cache: dict[str, bytes] = {}

    @property
    def tls(self) -> ssl.SSLContext:
        return CONTEXT

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    async def _pass(self, client: Stream, request: Head, forwarded: bytes, backend: Stream) -> bool:
        kept = self.cache.get(address_of(request))
        if kept is None:
            return await super()._pass(client, request, forwarded, backend)
        self.did["hit"] += 1
        await client.send(kept)
        return True

    async def _answer(self, client: Stream, request: Head, response: Head, backend: Stream) -> None:
        rewritten = "no-transform" not in response.get("cache-control") and response.framed
        if not (rewritten or may_keep(request, response)):
            await super()._answer(client, request, response, backend)
            return
        body = await whole(response, request, backend.reader)
        answer = sent_whole(request, response, body, rewritten)
        if may_keep(request, response):
            self.cache[address_of(request)] = answer
        await client.send(answer)


def address_of(request: Head) -> str:
    """Return the path and query of a request."""
    return request.line.split()[1]


def may_keep(request: Head, response: Head) -> bool:
    """Tell whether the router may cache a response for all clients."""
    ending = urlsplit(address_of(request)).path.rpartition(".")[2].lower()
    allowed = not FORBIDS.search(response.get("cache-control")) and not response.get("set-cookie")
    return request.line.startswith("GET") and response.status == 200 and ending in KEPT and allowed


async def whole(response: Head, request: Head, reader: asyncio.StreamReader) -> bytes:
    """Read a body to its end, and remove its framing."""
    body = b"".join([piece async for piece in pieces(b"", reader, request, response)])
    return body if not response.chunked else b"".join(unframed(body))


def unframed(body: bytes) -> list[bytes]:
    """Remove the framing of chunks."""
    found = []
    while body:
        line, _, rest = body.partition(b"\r\n")
        size = int(line, 16)
        found.append(rest[:size])
        body = rest[size + 2 :]
    return found


def sent_whole(request: Head, response: Head, body: bytes, rewritten: bool) -> bytes:
    """Write a response with its body in one piece, rewritten if it allows that."""
    fields = [field for field in response.fields if field[0].lower() not in FRAMES]
    if rewritten and not response.get("content-encoding"):
        if response.get("content-type").startswith("text/html"):
            body = ADDRESS.sub(OBSCURED, body)
        if "gzip" in request.get("accept-encoding"):
            body, fields = gzip.compress(body, mtime=0), [*fields, ("Content-Encoding", "gzip")]
    length = () if response.status in {204, 304} else (("Content-Length", str(len(body))),)
    return Head(response.line, (*fields, *length)).backward(request.keeps and response.framed) + body
