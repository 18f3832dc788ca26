"""Errors as a page, a fragment or a line of text, with the text that the person typed."""

from __future__ import annotations

import logging

from flask import Flask, Response, render_template, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from chat.conversations import NothingToContinue, NoTitle, NotQueued, QueueFull, StillAnswering, WrongParent
from chat.people.accounts import Refused
from chat.people.sliding_window import TooMany
from chat.routes import pages
from chat.routes.auth import login
from chat.routes.messages import BadMessage, TooLong
from chat.routes.model_choice import NoModel, UnknownModel
from chat.server.logs import REQUEST_ID, report
from chat.storage.database import DatabaseAway, NotFound
from chat.web import access, current_user, urls
from chat.web.access import LoginRequired
from chat.web.form_parser import posted_text
from chat.web.request_body import MAX_RETURNED_FORM, PublicFormTooLarge
from chat.web.security import CrossOrigin, UnknownHost
from chat.web.streams import TooManyStreams

STATUS = {
    BadMessage: 400,
    TooLong: 413,
    UnknownModel: 400,
    NothingToContinue: 400,
    NoTitle: 400,
    WrongParent: 400,
    StillAnswering: 409,
    QueueFull: 409,
    NotQueued: 409,
    TooManyStreams: 503,
    Refused: 403,
    DatabaseAway: 503,
}
"""Errors that carry their own sentence."""

NOT_FOUND = "Page not found. It doesn't exist, or you don't have access to it."
OTHER_NAME = (
    "This server doesn't accept requests for this host name. Add it to TRUSTED_HOSTS (default: the host in APP_URL, or "
    "localhost)."
)
OTHER_SITE = "This request came from another site and was blocked. Open Rivulet and try again."
TOO_LARGE = "The message is larger than 1 MB. Shorten it or split it up."
UNSTORABLE = "The database is unavailable. Try again in a moment."
NOT_OPENED = "This address can't be opened directly. Go back and use the button that leads here."
INVALID = "Invalid request. Go back and try again."
BROKEN = "Something went wrong on the server. Try again; the server log has details."

SENTENCES = {404: NOT_FOUND, 405: NOT_OPENED}
"""What we say for errors of the framework; for other statuses INVALID, and BROKEN from 500 on."""

INTERNAL = {BROKEN, UNSTORABLE}
"""Errors that only an admin can look into: every form of them has a reference to the log."""

REFERENCE_LENGTH = 8
"""How many digits of a request's ID make a reference: enough to find it in the log, and short enough to say."""

PLACE = {"HX-Retarget": "#problem", "HX-Reswap": "innerHTML", "HX-Push-Url": "false"}
"""Where htmx puts a sentence; the page keeps its address. A router's error page has no such header, so the page can
tell it from ours."""

logger = logging.getLogger(__name__)


def register(app: Flask) -> None:
    for error, status in STATUS.items():
        app.register_error_handler(error, responder_for(status))
    app.register_error_handler(TooMany, too_many)
    app.register_error_handler(NoModel, no_model)
    app.register_error_handler(LoginRequired, lead_to_login)
    app.register_error_handler(NotFound, lambda _: respond(NOT_FOUND, 404))
    app.register_error_handler(UnknownHost, lambda _: respond(OTHER_NAME, 400, returns=False))
    app.register_error_handler(CrossOrigin, lambda _: respond(OTHER_SITE, 403))
    app.register_error_handler(RequestEntityTooLarge, too_large)
    app.register_error_handler(PublicFormTooLarge, http_error)
    app.register_error_handler(SQLAlchemyError, database_error)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, internal_error)


def responder_for(status: int):  # type: ignore[no-untyped-def]
    return lambda error: respond(str(error), status)


def too_many(error: TooMany) -> Response:
    response = respond(str(error), 429)
    response.headers["Retry-After"] = str(error.wait)
    return response


def no_model(error: NoModel) -> Response:
    return respond(str(error), 503, connects=current_user.is_operator())


def lead_to_login(error: LoginRequired) -> Response:
    """Lead a stranger to sign in and back. For htmx this is a failure, so the page keeps the draft."""
    if request.headers.get("HX-Request"):
        return Response("", 401, {"HX-Redirect": urls.of(error.login_url), **PLACE})
    if request.method in {"GET", "HEAD"} and wants_page():
        return urls.lead_to(error.login_url)
    return Response(login.form(error.next_url, draft=typed_text()), 401) if wants_page() else respond(str(error), 401)


def too_large(_: RequestEntityTooLarge) -> Response:
    request.max_content_length = request.max_form_memory_size = MAX_RETURNED_FORM
    return respond(TOO_LARGE, 413)


def database_error(error: SQLAlchemyError) -> Response:
    logger.error("the database failed: %s", type(error).__name__)
    return respond(UNSTORABLE, 503)


def http_error(error: HTTPException) -> Response:
    """Answer Flask's own errors, and a database error in the session, before any route."""
    original = getattr(error, "original_exception", None)
    if isinstance(original, DatabaseAway | SQLAlchemyError):
        return respond(str(original) if isinstance(original, DatabaseAway) else UNSTORABLE, 503)
    response = respond(explain(error), error.code or 400)
    response.headers.extend({name: value for name, value in error.get_headers() if name in {"Allow", "Retry-After"}})
    return response


def explain(error: HTTPException) -> str:
    """Return the sentence of one of our errors, or ours for one of the framework's."""
    status = error.code or 400
    if error.description and not type(error).__module__.startswith("werkzeug."):
        return error.description
    return SENTENCES.get(status, BROKEN if status >= 500 else INVALID)


def internal_error(error: Exception) -> Response:
    report(logger, "an answer", error)
    return respond(BROKEN, 500)


def respond(sentence: str, status: int, connects: bool = False, returns: bool = True) -> Response:
    """Send a sentence in the form that the request accepts.

    Somebody who `connects` models gets a link to them, and somebody who `returns` one to their chats.
    """
    reference = REQUEST_ID.get()[:REFERENCE_LENGTH] if sentence in INTERNAL else ""
    told = {"sentence": sentence, "reference": reference, "connects": connects, "returns": returns}
    if pages.wants_fragment():
        return Response(render_template("errors/_problem.html", **told), status, PLACE)
    if not wants_page():
        rest = f" Error reference: {reference}" if reference else ""
        return Response(f"{sentence}{rest}\n", status, mimetype="text/plain")
    return Response(render_template("errors/page.html", **told, **draft(status)), status)


def wants_page() -> bool:
    return request.accept_mimetypes.best_match(["text/html", "text/plain"]) != "text/plain"


def draft(status: int) -> dict[str, object]:
    """Return the typed text with a composer to send it again; if its conversation is gone, in a new one."""
    text = typed_text() if request.method == "POST" else ""
    if not text or access.needs_login():
        return {}
    action = "/conversations" if status == 404 else request.path
    # Keep the parent, unless it could be the error.
    parent = "" if status in {400, 404} else request.form.get("parent", "")
    begun = (request.view_args or {}).get("conversation_id") if status != 404 else None
    form = {"parent": parent, "chosen": request.form.get("model", "")}
    return {"draft": text, "action": action, "begun": begun, **pages.composer(), **form}


def typed_text() -> str:
    """Return the typed text; "" if the form is too large or has too many fields."""
    try:
        return posted_text()
    except RequestEntityTooLarge:
        return ""
