"""The bodies of requests: a body arrives whole before its request is handled, in little memory and bounded time."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
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
from chat.web.slots import Slots

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class TooSlow(RequestTimeout):
    """A body took longer than BODY_TIMEOUT to arrive."""

    description = "The upload timed out and nothing was saved. Try again on a better connection."


class PublicFormTooLarge(RequestEntityTooLarge):
    """A public form is larger than any of our pages make it."""

    description = "This form is too large (limit 16 KB). Shorten your text and try again."


class TooManyUploads(ServiceUnavailable):
    """No slot for a large body is free."""

    description = "The server is receiving too many large messages. Try again in a few seconds."

    def __init__(self) -> None:
        super().__init__(retry_after=5)


BODY_TIMEOUT = 30.0
"""How many seconds a whole body can take: 1 MiB needs 280 kbit/s, as a phone with bad reception has."""

MAX_RETURNED_FORM = 2 * 1024 * 1024
"""A form that is too large to be stored, but not larger than this, is shown again with the user's text."""

LARGE_BODY = 64 * 1024
"""A body of more bytes takes a slot. A long message has that many; forms hardly ever do."""

MEMBER_SLOTS, STRANGER_SLOTS = Slots(16, 8, TooManyUploads), Slots(16, 8, TooManyUploads)
"""For large bodies that arrive at once, 64 MiB in all. Strangers and guests can't take the slots of members."""

MAX_PUBLIC_FORM = 16 * 1024

PUBLIC_FORMS = access.PUBLIC - {"login.sign_in"}
"""The forms for strangers have few words, except sign-in: it returns the draft written as a session ended."""

CHUNK_SIZE = 16 * 1024
"""How many bytes to read before other requests have a turn: sent in chunks of one byte, they take 40 ms."""

BODY_ERROR = "rivulet.wrong_body"
"""The environ's key for the error of a body."""


@dataclass(frozen=True)
class BodyTerms:
    """How to receive a body. A small one takes no slot."""

    slots: Slots = STRANGER_SLOTS
    address: str = ""
    is_public_form: bool = False


def register(app: Flask) -> None:
    app.request_class = form_parser.Request
    app.wsgi_app = BufferedBody(app, app.wsgi_app)  # type: ignore[method-assign]


def refuse_broken_bodies() -> None:
    """Raise the error of the body: RequestEntityTooLarge, ClientDisconnected, TooSlow or TooManyUploads."""
    if wrong := request.environ.get(BODY_ERROR):
        raise wrong


class BufferedBody:
    """Wraps an app so that a request reaches it with its whole body.

    Flask looks up the session after that, because an admin can suspend its owner while a slow body arrives.
    """

    def __init__(self, app: Flask, inner: WSGIApplication):
        self.app, self.inner = app, inner

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        length = get_content_length(environ)
        if length or environ.get("HTTP_TRANSFER_ENCODING"):
            terms = BodyTerms() if length is not None and length <= MAX_PUBLIC_FORM else self.terms(environ)
            body, wrong = receive(environ["wsgi.input"], length, terms)
            environ[UNREAD_BODY] = not issubclass(wrong or RequestEntityTooLarge, RequestEntityTooLarge)
            is_too_large = len(body) > self.app.config["MAX_CONTENT_LENGTH"]
            environ[BODY_ERROR] = wrong or (RequestEntityTooLarge if is_too_large else None)
            environ.pop("HTTP_TRANSFER_ENCODING", None)
            environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        return self.inner(environ, start_response)

    def terms(self, environ: WSGIEnvironment) -> BodyTerms:
        """Choose the terms by sender and endpoint. A session that ends while the body arrives only changes its slot."""
        slots, is_public_form = STRANGER_SLOTS, False
        with suppress(SQLAlchemyError), self.app.request_context(environ):
            slots = MEMBER_SLOTS if current_user.member() else STRANGER_SLOTS
            is_public_form = request.endpoint in PUBLIC_FORMS
        return BodyTerms(slots, environ.get("REMOTE_ADDR", ""), is_public_form)


def receive(stream: Any, length: int | None, terms: BodyTerms) -> tuple[bytes, type[HTTPException] | None]:
    """Wait for a body; return it, or what is wrong with it."""
    try:
        with limit_time(BODY_TIMEOUT, TooSlow()):
            return read_body(stream, length, terms), None
    except HTTPException as error:
        return b"", type(error)
    except Exception:  # gunicorn has its own classes for malformed chunks
        return b"", ClientDisconnected


def read_body(stream: Any, length: int | None, terms: BodyTerms) -> bytes:
    """Read a body to its end, even if it is too large: a browser reads no response before it has sent everything.

    Raise RequestEntityTooLarge, ClientDisconnected and TooManyUploads.
    """
    body, size, end = bytearray(), 0, math.inf if length is None else length
    most = MAX_PUBLIC_FORM if terms.is_public_form else MAX_RETURNED_FORM
    with ExitStack() as slot:
        while size < end and (piece := stream.read(min(end - size, CHUNK_SIZE))):
            if size <= LARGE_BODY < size + len(piece) and not terms.is_public_form:
                slot.enter_context(terms.slots.hold(terms.address))
            size += len(piece)
            body += piece if size <= most else b""
            if size < end and len(piece) == CHUNK_SIZE:
                time.sleep(YIELD_SECONDS)  # reading bytes that are already here doesn't wait
    if size > most:
        raise PublicFormTooLarge if terms.is_public_form else RequestEntityTooLarge
    if size < (length or 0):
        raise ClientDisconnected
    return bytes(body)
