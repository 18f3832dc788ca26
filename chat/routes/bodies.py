"""The bodies of requests: one that breaks off, or is no HTTP, is the sender's fault; none costs much to read."""

from __future__ import annotations

import re
from io import BytesIO
from typing import IO, Any

from flask import Blueprint, Flask, request
from htmx_flask.requests import HtmxAwareRequest
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

FORM = "application/x-www-form-urlencoded"
DRAINED = 16 * 1024 * 1024
"""How much of a body, in bytes, is read all the same: a browser that is cut off while it sends reads no answer."""

ESCAPES = re.compile(rb"(?:%[0-9A-Fa-f]{2}){1,64}")
"""Some escapes in a row; a longer run is several, as re keeps account of each turn it takes."""

bp = Blueprint("bodies", __name__)


class Body:
    """A server's input stream whose every failure is an OSError, which Werkzeug answers with 400.

    gunicorn raises classes of its own for chunks that are none. `taken` is how many bytes were read.
    """

    def __init__(self, stream: Any):
        self._stream = stream
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes. Raises OSError."""
        try:
            read = self._stream.read(size)
        except Exception as error:
            raise OSError("the body can't be read") from error
        self.taken += len(read)
        return read


class Fields(FormDataParser):
    """Reads a form that has few fields, in little memory.

    Werkzeug counts the parts of multipart forms alone: 1 MiB of nothing but fields would take it seconds, and 1 MiB of
    escapes 80 MB.
    """

    def parse(self, stream: IO[bytes], mimetype: str, content_length: int | None, options: Any = None) -> Any:
        """Read the fields of a form. Raises RequestEntityTooLarge."""
        if mimetype != FORM:
            return super().parse(stream, mimetype, content_length, options)
        sent = stream.read()
        if sent.count(b"&") >= (self.max_form_parts or 0):
            raise RequestEntityTooLarge
        pairs = (field.partition(b"=") for field in sent.split(b"&") if field)
        return stream, self.cls([(read(name), read(value)) for name, _, value in pairs]), self.cls()


def read(text: bytes) -> str:
    """Read the name or the value of a field; what is not UTF-8 stays escaped."""
    return unescaped(text.replace(b"+", b" ")).decode(errors="werkzeug.url_quote")


def unescaped(text: bytes) -> bytes:
    """Put bytes in the place of their escapes, many at a time."""
    return ESCAPES.sub(lambda run: bytes.fromhex(run[0].replace(b"%", b"").decode()), text)


class Request(HtmxAwareRequest):
    """A request whose form is read by Fields."""

    form_data_parser_class = Fields


def register(app: Flask) -> None:
    """Let an app read bodies in these ways."""
    app.request_class = Request
    app.register_blueprint(bp)


@bp.before_app_request
def watch_body() -> None:
    """Put a Body in the place of the server's stream, before anyone reads it. Raises RequestEntityTooLarge."""
    request.environ["wsgi.input"] = Body(request.environ["wsgi.input"])
    if request.environ.get("HTTP_TRANSFER_ENCODING"):
        gather(request.max_content_length or 0)


def gather(most: int) -> None:
    """Read a body that comes in chunks: Werkzeug would take its first `most` bytes for all of it.

    Raises RequestEntityTooLarge and ClientDisconnected.
    """
    stream, sent = request.environ["wsgi.input"], bytearray()
    try:
        while len(sent) <= most and (more := stream.read(most + 1 - len(sent))):
            sent += more
    except OSError as error:
        raise ClientDisconnected from error
    if too_much := len(sent) > most:
        drain()
        sent.clear()
    del request.environ["HTTP_TRANSFER_ENCODING"]
    request.environ |= {"wsgi.input": Body(BytesIO(sent)), "CONTENT_LENGTH": str(len(sent))}
    if too_much:
        raise RequestEntityTooLarge


def drain() -> None:
    """Read the rest of a body, or much of it, to no end."""
    stream, most = request.environ["wsgi.input"], min(request.content_length or DRAINED, DRAINED)
    while stream.taken < most and stream.read(min(most - stream.taken, 65_536)):
        pass
