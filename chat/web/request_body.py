"""The bodies of requests: whole before anything is done, or the sender's fault; none costs much time or memory."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING, Any

from flask import Flask, request
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
from chat.web.slots import NoFreeSlot, Slots

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

BODY_TIMEOUT = 30.0
"""How long a body may take to arrive, as a whole: 1 MiB needs 280 kbit/s, as a phone at the edge of its network has."""

MAX_RETURNED_FORM = 2 * 1024 * 1024
"""How large a form, in bytes, is still given back where it is too large to be sent."""

LARGE_BODY = 64 * 1024
"""From how many bytes on a body takes a slot: a long message has that many, and a form hardly ever."""

MEMBER_SLOTS, STRANGER_SLOTS = Slots(16, per_address=8), Slots(16, per_address=8)
"""For large bodies that arrive at once, 64 MiB in all. Those of strangers and guests keep out no member."""

MAX_PUBLIC_FORM = 16 * 1024
"""How large a form that strangers may send can be, in bytes."""

PUBLIC_FORMS = access.PUBLIC - {"login.sign_in"}
"""Where a stranger's form has few words; at the sign-in it also has the draft that was written when a session ended."""

CHUNK_SIZE = 16 * 1024
"""How much of a body, in bytes, is read before others go on: of chunks of a byte each that takes 40 ms."""

BODY_ERROR = "rivulet.wrong_body"
"""Where the environ of a request says what is wrong with its body."""


class TooSlow(RequestTimeout):
    """A body took longer than BODY_TIMEOUT to arrive."""

    description = "This took too long to arrive, so nothing was done. Try again, by a better connection if you can."


class PublicFormTooLarge(RequestEntityTooLarge):
    """A form that strangers may send is larger than any that we make."""

    description = "This form takes no more than 16 KB. Shorten what you typed, and try again."


class TooManyUploads(ServiceUnavailable):
    """A large body came while as many as may were arriving."""

    description = "Many long messages are on their way at this moment. Send yours again in a few seconds."

    def __init__(self) -> None:
        super().__init__(retry_after=5)


def register(app: Flask) -> None:
    """Let an app read bodies in these ways."""
    app.request_class = form_parser.Request
    app.wsgi_app = BufferedBody(app, app.wsgi_app)  # type: ignore[method-assign]


def refuse_broken_bodies() -> None:
    """Refuse a request whose body can't be used.

    Raises RequestEntityTooLarge, ClientDisconnected, TooSlow and TooManyUploads.
    """
    if wrong := request.environ.get(BODY_ERROR):
        raise wrong


@dataclass(frozen=True)
class BodyTerms:
    """How a body is received: which slots a large one takes, and whether it is one of PUBLIC_FORMS."""

    slots: Slots
    address: str
    is_public_form: bool = False

    @property
    def max_bytes(self) -> int:
        """Say how many bytes of a body are kept."""
        return MAX_PUBLIC_FORM if self.is_public_form else MAX_RETURNED_FORM


class BufferedBody:
    """Wraps an app, so that a request reaches it with its whole body.

    The session is looked up after that: its owner can have been suspended while a slow body arrived.
    """

    def __init__(self, app: Flask, inner: WSGIApplication):
        self.app, self.inner = app, inner

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        length = get_content_length(environ)
        if length or environ.get("HTTP_TRANSFER_ENCODING"):
            body, wrong = receive(environ["wsgi.input"], length, self.terms(environ, length))
            environ[UNREAD_BODY] = not issubclass(wrong or RequestEntityTooLarge, RequestEntityTooLarge)
            is_too_large = len(body) > self.app.config["MAX_CONTENT_LENGTH"]
            environ[BODY_ERROR] = wrong or (RequestEntityTooLarge if is_too_large else None)
            environ.pop("HTTP_TRANSFER_ENCODING", None)
            environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        return self.inner(environ, start_response)

    def terms(self, environ: WSGIEnvironment, length: int | None) -> BodyTerms:
        """Say how a body is received; a session that ends meanwhile decides nothing but its slot."""
        terms = BodyTerms(STRANGER_SLOTS, environ.get("REMOTE_ADDR", ""))
        if length is not None and length <= MAX_PUBLIC_FORM:
            return terms
        with suppress(SQLAlchemyError), self.app.request_context(environ):
            slots = MEMBER_SLOTS if current_user.is_member() else STRANGER_SLOTS
            terms = replace(terms, slots=slots, is_public_form=request.endpoint in PUBLIC_FORMS)
        return terms


def receive(stream: Any, length: int | None, terms: BodyTerms) -> tuple[bytes, type[HTTPException] | None]:
    """Wait for a body; gives it, or what is wrong with it."""
    try:
        with limit_time(BODY_TIMEOUT, TooSlow()):
            return read_body(stream, length, terms), None
    except HTTPException as error:
        return b"", type(error)
    except Exception:  # gunicorn has classes of its own for chunks that are none
        return b"", ClientDisconnected


def read_body(stream: Any, length: int | None, terms: BodyTerms) -> bytes:
    """Read a body to its end, also one that is too large: a browser that is cut off while it sends reads no answer.

    Raises RequestEntityTooLarge, ClientDisconnected and TooManyUploads.
    """
    sent, size = bytearray(), 0
    for piece in hold_slot(read_chunks(stream, math.inf if length is None else length), terms):
        size += len(piece)
        sent += piece if size <= terms.max_bytes else b""
    if size > terms.max_bytes:
        raise PublicFormTooLarge if terms.is_public_form else RequestEntityTooLarge
    if size < (length or 0):
        raise ClientDisconnected
    return bytes(sent)


def hold_slot(pieces: Iterator[bytes], terms: BodyTerms) -> Iterator[bytes]:
    """Give the pieces of a body; a large one holds a slot meanwhile. Raises TooManyUploads where none is free."""
    size = 0
    while size <= LARGE_BODY or terms.is_public_form:
        if not (piece := next(pieces, b"")):
            return
        size += len(piece)
        yield piece
    try:
        with terms.slots.hold(terms.address):
            yield from pieces
    except NoFreeSlot:
        raise TooManyUploads from None


def read_chunks(stream: Any, most: float) -> Iterator[bytes]:
    """Read up to so many bytes; a server may give fewer at a time."""
    while most > 0 and (piece := stream.read(min(most, CHUNK_SIZE))):
        yield piece
        most -= len(piece)
        if most > 0 and len(piece) == CHUNK_SIZE:
            time.sleep(YIELD_SECONDS)  # what has come already is read without a wait
