"""The bodies of requests: whole before anything is done, or the sender's fault; none costs much time or memory."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, request
from werkzeug.exceptions import (
    ClientDisconnected,
    HTTPException,
    RequestEntityTooLarge,
    RequestTimeout,
    ServiceUnavailable,
)
from werkzeug.wsgi import get_content_length

from chat.routes import forms
from chat.routes.places import Full, Places
from chat.serving.greenlets import BREATH, at_most
from chat.serving.listening import UNREAD_BODY

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SECONDS = 30.0
"""How long a body may take to arrive, as a whole: 1 MiB needs 280 kbit/s, as a phone at the edge of its network has."""

GIVEN_BACK = 2 * 1024 * 1024
"""How large a form, in bytes, is still given back where it is too large to be sent."""

LARGE = 64 * 1024
"""From how many bytes on a body takes one of PLACES: a long message has that many, and a form hardly ever."""

PLACES = Places(32, of_one=8)
"""For large bodies that arrive at once, 64 MiB in all. Many slow ones from one address only keep out its own."""

PIECE = 16 * 1024
"""How much of a body, in bytes, is read before others go on: of chunks of a byte each that takes 40 ms."""

WRONG = "rivulet.wrong_body"
"""Where the environ of a request says what is wrong with its body."""

bp = Blueprint("bodies", __name__)


class TooSlow(RequestTimeout):
    """A body took longer than SECONDS to arrive."""

    description = "This took too long to arrive, so nothing was done. Try again, by a better connection if you can."


class Crowded(ServiceUnavailable):
    """A large body came while as many as may were arriving."""

    description = "Many long messages are on their way at this moment. Send yours again in a few seconds."

    def __init__(self) -> None:
        super().__init__(retry_after=5)


def register(app: Flask) -> None:
    """Let an app read bodies in these ways."""
    app.request_class = forms.Request
    app.wsgi_app = Whole(app.wsgi_app, app.config["MAX_CONTENT_LENGTH"])  # type: ignore[method-assign]
    app.register_blueprint(bp)


@bp.before_app_request
def refuse_broken_bodies() -> None:
    """Refuse a request whose body can't be used.

    Raises RequestEntityTooLarge, ClientDisconnected, TooSlow and Crowded.
    """
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
            body, wrong = arrived(environ["wsgi.input"], length, environ.get("REMOTE_ADDR", ""))
            environ[UNREAD_BODY] = wrong not in {None, RequestEntityTooLarge}
            environ[WRONG] = wrong or (RequestEntityTooLarge if len(body) > self.most else None)
            environ.pop("HTTP_TRANSFER_ENCODING", None)
            environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        return self.app(environ, start_response)


def arrived(stream: Any, length: int | None, address: str) -> tuple[bytes, type[HTTPException] | None]:
    """Wait for a body from an address; gives it, or what is wrong with it."""
    try:
        with at_most(SECONDS, TooSlow()):
            return whole(stream, length, address), None
    except HTTPException as error:
        return b"", type(error)
    except Exception:  # gunicorn has classes of its own for chunks that are none
        return b"", ClientDisconnected


def whole(stream: Any, length: int | None, address: str) -> bytes:
    """Read a body to its end, of a length or in chunks. Raises RequestEntityTooLarge, ClientDisconnected and Crowded.

    Also one that is too large: a browser that is cut off while it sends reads no answer.
    """
    sent, size = bytearray(), 0
    for piece in placed(pieces(stream, math.inf if length is None else length), address):
        size += len(piece)
        sent += piece if size <= GIVEN_BACK else b""
    if size > GIVEN_BACK:
        raise RequestEntityTooLarge
    if size < (length or 0):
        raise ClientDisconnected
    return bytes(sent)


def placed(pieces: Iterator[bytes], address: str) -> Iterator[bytes]:
    """Give the pieces of a body, those of a large one in a place of its own. Raises Crowded where there is none."""
    size = 0
    while size <= LARGE:
        if not (piece := next(pieces, b"")):
            return
        size += len(piece)
        yield piece
    try:
        with PLACES.taken(address):
            yield from pieces
    except Full:
        raise Crowded from None


def pieces(stream: Any, most: float) -> Iterator[bytes]:
    """Read up to so many bytes; a server may give fewer at a time."""
    while most > 0 and (piece := stream.read(min(most, PIECE))):
        yield piece
        most -= len(piece)
        if most > 0 and len(piece) == PIECE:
            time.sleep(BREATH)  # what has come already is read without a wait
