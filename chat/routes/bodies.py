"""The bodies of requests: whole before anything is done, or the sender's fault; none costs much time or memory."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any

from flask import Blueprint, Flask, request
from htmx_flask.requests import HtmxAwareRequest
from werkzeug.exceptions import ClientDisconnected, HTTPException, RequestEntityTooLarge, RequestTimeout
from werkzeug.formparser import FormDataParser
from werkzeug.wsgi import get_content_length

from chat.serving.greenlets import at_most

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FORM = "application/x-www-form-urlencoded"
SECONDS = 30.0
"""How long a body may take to arrive, as a whole: 1 MiB needs 280 kbit/s, as a phone at the edge of its network has."""

GIVEN_BACK = 2 * 1024 * 1024
"""How large a form, in bytes, is still given back where it is too large to be sent."""

PIECE = 16 * 1024
"""How much of a body, in bytes, is read before others go on: of chunks of a byte each that takes 40 ms."""

BREATH = 0.0001
"""How long, in seconds, others are let go on at least: what has come already is read without a wait, and by a sleep of
0 gevent would look for nothing new."""

ESCAPES = re.compile(rb"(?:%[0-9A-Fa-f]{2}){1,64}")
"""Some escapes in a row; a longer run is several, as re keeps account of each turn it takes."""

WRONG = "rivulet.wrong_body"
"""Where the environ of a request says what is wrong with its body."""

UNREAD = "rivulet.unread_body"
"""Where it says whether there may be more of its body: the server is to end the connection, not to read on."""

bp = Blueprint("bodies", __name__)


class TooSlow(RequestTimeout):
    """A body took longer than SECONDS to arrive."""

    description = "This took too long to arrive, so nothing was done. Try again, by a better connection if you can."


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
    """A request whose form is read by Fields; no route takes files, so none is written to a disk."""

    form_data_parser_class = Fields

    def _get_file_stream(self, *_: Any, **__: Any) -> BytesIO:
        # Werkzeug's own would stay open where the form breaks off.
        return BytesIO()


def register(app: Flask) -> None:
    """Let an app read bodies in these ways."""
    app.request_class = Request
    app.wsgi_app = Whole(app.wsgi_app, app.config["MAX_CONTENT_LENGTH"])  # type: ignore[method-assign]
    app.register_blueprint(bp)


@bp.before_app_request
def refuse_broken_bodies() -> None:
    """Refuse a request whose body can't be used. Raises RequestEntityTooLarge, ClientDisconnected and TooSlow."""
    if wrong := request.environ.get(WRONG):
        raise wrong


class Whole:
    """Wraps an app, so that it sees a request when its body is there: whose session it is, is looked up then.

    Whoever sends a body minutes after its head may have been suspended meanwhile. `most` is in bytes.
    """

    def __init__(self, app: WSGIApplication, most: int):
        self.app = app
        self.most = most

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        length = get_content_length(environ)
        if length or environ.get("HTTP_TRANSFER_ENCODING"):
            body, wrong = arrived(environ["wsgi.input"], length)
            environ[UNREAD] = wrong not in {None, RequestEntityTooLarge}
            environ[WRONG] = wrong or (RequestEntityTooLarge if len(body) > self.most else None)
            environ.pop("HTTP_TRANSFER_ENCODING", None)
            environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        return self.app(environ, start_response)


def arrived(stream: Any, length: int | None) -> tuple[bytes, type[HTTPException] | None]:
    """Wait for a body; gives it, or what is wrong with it."""
    try:
        with at_most(SECONDS, TooSlow()):
            return whole(stream, length), None
    except HTTPException as error:
        return b"", type(error)
    except Exception:  # gunicorn has classes of its own for chunks that are none
        return b"", ClientDisconnected


def whole(stream: Any, length: int | None) -> bytes:
    """Read a body to its end, of a length or in chunks. Raises RequestEntityTooLarge and ClientDisconnected.

    Also one that is too large: a browser that is cut off while it sends reads no answer.
    """
    sent, size = bytearray(), 0
    for piece in pieces(stream, math.inf if length is None else length):
        size += len(piece)
        sent += piece if size <= GIVEN_BACK else b""
    if size > GIVEN_BACK:
        raise RequestEntityTooLarge
    if size < (length or 0):
        raise ClientDisconnected
    return bytes(sent)


def pieces(stream: Any, most: float) -> Iterator[bytes]:
    """Read up to so many bytes; a server may give fewer at a time."""
    while most > 0 and (piece := stream.read(min(most, PIECE))):
        yield piece
        most -= len(piece)
        if most > 0 and len(piece) == PIECE:
            time.sleep(BREATH)
