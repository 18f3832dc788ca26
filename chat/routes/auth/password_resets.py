"""Password resets: the form that asks for a link by mail, and the form behind the link."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response, abort, render_template, request

from chat.people import accounts, login_throttle, password_resets, passwords
from chat.routes.auth import login
from chat.storage.database import NotFound
from chat.web import current_user, known_browsers, secret_links, urls
from chat.web.state import state

MAIL_QUEUED = "If an account exists for this email, a reset link is on its way. It works for 30 minutes."

bp = Blueprint("password_resets", __name__)


@bp.get("/resets/<token>")
def follow(token: str) -> Response:
    """Follow a reset link. Raises NotFound."""
    email_of(token)
    return secret_links.follow("/resets/yours", token)


@bp.get("/resets/yours")
def show() -> str:
    """Show the form of the link that was followed. Raises NotFound."""
    return form(email_of(secret_links.token()))


@bp.post("/resets/yours")
def redeem() -> Response:
    """Set the new password. Raises NotFound."""
    token = secret_links.token()
    email, password = email_of(token), request.form.get("password", "")
    if secret_links.is_for_other_link():
        return urls.lead_to("/resets/yours")
    try:
        passwords.require_good(password, email)
        password_resets.redeem(state.database, token, passwords.hash_password(password))
    except passwords.BadPassword as error:
        return Response(form(email, str(error)), 400)
    with state.database.write() as connection:
        login_throttle.clear_failures(connection, login_throttle.account_digest(state.secret, email))
    current_user.logout()
    return secret_links.leave("/sign-in?set=1")


def email_of(token: str) -> str:
    """Return the email address of a link's person. Raises NotFound."""
    return password_resets.find(state.database, token).email


def form(email: str, problem: str = "") -> str:
    context = {"email": email, "problem": problem, "wrong_field": problem and "password"}
    return render_template("accounts/reset.html", link=secret_links.mark(), **context)


@bp.get("/resets")
def ask() -> str:
    """Show the form that asks for a link."""
    require_mail()
    return render_request()


@bp.post("/resets")
def send() -> Response:
    """Mail a link to the owner of an email address; the response is the same if there is none."""
    require_mail()
    email = request.form.get("email", "")
    try:
        asked = replace(
            known_browsers.login_attempt(f"forgotten {accounts.normalize_email(email)}"), among=login_throttle.MAILS
        )
        login_throttle.register_attempt(state.database, asked)
    except accounts.Refused as error:
        return login.refuse(render_request(email, str(error)), error)
    password_resets.queue_mail(state.database, state.settings, email)
    return Response(render_request(email, done=MAIL_QUEUED))


def require_mail() -> None:
    """Answer as for a page that doesn't exist if no mail server is set; NotFound is about links here."""
    if not state.settings.smtp_url:
        abort(404)


def render_request(email: str = "", problem: str = "", done: str = "") -> str:
    context = {"email": email, "problem": problem, "wrong_field": problem and "email", "done": done}
    return render_template("accounts/forgotten.html", **context)


@bp.errorhandler(NotFound)
def refuse(_: NotFound) -> tuple[str, int]:
    """Answer all unusable links alike: used, expired and invented ones."""
    return render_template("accounts/closed_reset.html"), 404
