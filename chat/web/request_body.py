"""The bodies of requests: whole before anything is done, or the sender's fault; none costs much time or memory."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import (
    ClientDisconnected,
    HTTPException,
    RequestEntityTooLarge,
    RequestTimeout,
    ServiceUnavailable,
)
from werkzeug.wsgi import get_content_length

from chat.server.greenlets import YIELD_SECONDS, limit_time
from chat.server.sockets import UNREAD_BODY
from chat.web import access, current_user, form_parser
from chat.web.slots import Full, Places

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SECONDS = 30.0
"""How long a body may take to arrive, as a whole: 1 MiB needs 280 kbit/s, as a phone at the edge of its network has."""

GIVEN_BACK = 2 * 1024 * 1024
"""How large a form, in bytes, is still given back where it is too large to be sent."""

LARGE = 64 * 1024
"""From how many bytes on a body takes a place: a long message has that many, and a form hardly ever."""

MEMBERS, STRANGERS = Places(16, of_one=8), Places(16, of_one=8)
"""For large bodies that arrive at once, 64 MiB in all. Those of strangers and guests keep out no member."""

DOOR = 16 * 1024
"""How large a form at a door may be, in bytes."""

DOORS = access.PUBLIC - {"signing.sign_in"}
"""Where a stranger's form has few words; at the sign-in it brings what was written when a session ended."""

PIECE = 16 * 1024
"""How much of a body, in bytes, is read before others go on: of chunks of a byte each that takes 40 ms."""

WRONG = "rivulet.wrong_body"
"""Where the environ of a request says what is wrong with its body."""

bp = Blueprint("bodies", __name__)


class TooSlow(RequestTimeout):
    """A body took longer than SECONDS to arrive."""

    description = "This took too long to arrive, so nothing was done. Try again, by a better connection if you can."


class TooLargeForDoor(RequestEntityTooLarge):
    """A form at a door is larger than any that we make."""

    description = "This form takes no more than 16 KB. Shorten what you typed, and try again."


class Crowded(ServiceUnavailable):
    """A large body came while as many as may were arriving."""

    description = "Many long messages are on their way at this moment. Send yours again in a few seconds."

    def __init__(self) -> None:
        super().__init__(retry_after=5)


def register(app: Flask) -> None:
    """Let an app read bodies in these ways."""
    app.request_class = form_parser.Request
    app.wsgi_app = Whole(app, app.wsgi_app)  # type: ignore[method-assign]
    app.register_blueprint(bp)


@bp.before_app_request
def refuse_broken_bodies() -> None:
    """Refuse a request whose body can't be used.

    Raises RequestEntityTooLarge, ClientDisconnected, TooSlow and Crowded.
    """
    if wrong := request.environ.get(WRONG):
        raise wrong


@dataclass(frozen=True)
class Terms:
    """How a body is taken: where a large one has a place, or, at a door, of how few bytes it is."""

    places: Places
    address: str
    is_door: bool = False

    @property
    def most(self) -> int:
        """Say how many bytes of a body are kept."""
        return DOOR if self.is_door else GIVEN_BACK


class Whole:
    """Wraps an app, so that it sees a request when its body is there: whose session it is, is looked up then.

    Whoever sends a body minutes after its head may have been suspended meanwhile.
    """

    def __init__(self, app: Flask, inner: WSGIApplication):
        self.app, self.inner = app, inner

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        length = get_content_length(environ)
        if length or environ.get("HTTP_TRANSFER_ENCODING"):
            body, wrong = arrived(environ["wsgi.input"], length, self.terms(environ, length))
            environ[UNREAD_BODY] = not issubclass(wrong or RequestEntityTooLarge, RequestEntityTooLarge)
            is_too_large = len(body) > self.app.config["MAX_CONTENT_LENGTH"]
            environ[WRONG] = wrong or (RequestEntityTooLarge if is_too_large else None)
            environ.pop("HTTP_TRANSFER_ENCODING", None)
            environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        return self.inner(environ, start_response)

    def terms(self, environ: WSGIEnvironment, length: int | None) -> Terms:
        """Say how a body is taken; a session that ends before it has come decides nothing but its place."""
        terms = Terms(STRANGERS, environ.get("REMOTE_ADDR", ""))
        if length is not None and length <= DOOR:
            return terms
        with suppress(SQLAlchemyError), self.app.request_context(environ):
            places = MEMBERS if current_user.is_member() else STRANGERS
            terms = replace(terms, places=places, is_door=request.endpoint in DOORS)
        return terms


def arrived(stream: Any, length: int | None, terms: Terms) -> tuple[bytes, type[HTTPException] | None]:
    """Wait for a body; gives it, or what is wrong with it."""
    try:
        with limit_time(SECONDS, TooSlow()):
            return whole(stream, length, terms), None
    except HTTPException as error:
        return b"", type(error)
    except Exception:  # gunicorn has classes of its own for chunks that are none
        return b"", ClientDisconnected


def whole(stream: Any, length: int | None, terms: Terms) -> bytes:
    """Read a body to its end, of a length or in chunks. Raises RequestEntityTooLarge, ClientDisconnected and Crowded.

    Also one that is too large: a browser that is cut off while it sends reads no answer.
    """
    sent, size = bytearray(), 0
    for piece in placed(pieces(stream, math.inf if length is None else length), terms):
        size += len(piece)
        sent += piece if size <= terms.most else b""
    if size > terms.most:
        raise TooLargeForDoor if terms.is_door else RequestEntityTooLarge
    if size < (length or 0):
        raise ClientDisconnected
    return bytes(sent)


def placed(pieces: Iterator[bytes], terms: Terms) -> Iterator[bytes]:
    """Give the pieces of a body, those of a large one in a place of its own. Raises Crowded where there is none."""
    size = 0
    while size <= LARGE or terms.is_door:
        if not (piece := next(pieces, b"")):
            return
        size += len(piece)
        yield piece
    try:
        with terms.places.taken(terms.address):
            yield from pieces
    except Full:
        raise Crowded from None


def pieces(stream: Any, most: float) -> Iterator[bytes]:
    """Read up to so many bytes; a server may give fewer at a time."""
    while most > 0 and (piece := stream.read(min(most, PIECE))):
        yield piece
        most -= len(piece)
        if most > 0 and len(piece) == PIECE:
            time.sleep(YIELD_SECONDS)  # what has come already is read without a wait
