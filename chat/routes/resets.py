"""Forgotten passwords: a link is asked for, and used."""

from __future__ import annotations

from flask import Blueprint, current_app, redirect, render_template, request
from flask import Response as Page
from werkzeug.wrappers import Response

from chat.accounts import letters, passwords, people, resets, throttling
from chat.conversations import NotFound
from chat.routes import pages, signing, visitor

SENT = "If somebody has an account with that address, a link is on its way there. It can be used for half an hour."

bp = Blueprint("resets", __name__)


@bp.get("/resets/<token>")
def show(token: str) -> str:
    """Show the form. Raises NotFound where the link can't be used."""
    return form(token, email_of(token))


@bp.post("/resets/<token>")
def redeem(token: str) -> Response:
    """Set the new password. Raises NotFound."""
    email, password = email_of(token), request.form.get("password", "")
    try:
        passwords.require_good(password)
        resets.redeem(pages.database(), token, passwords.hashed(password))
    except passwords.BadPassword as error:
        return Page(form(token, email, str(error)), 400)
    except people.Refused as error:  # used in this moment
        raise NotFound from error
    visitor.sign_out()
    return redirect("/sign-in?set=1", code=303)


def email_of(token: str) -> str:
    """Tell whose link it is. Raises NotFound."""
    person = resets.find(pages.database(), token)
    if person is None:
        raise NotFound
    return person.email


def form(token: str, email: str, problem: str = "") -> str:
    """Render the page."""
    return render_template("accounts/reset.html", token=token, email=email, problem=problem)


@bp.get("/resets")
def ask() -> str:
    """Show the form that asks for a link by mail. Raises NotFound where no mail is sent."""
    require_mail()
    return forgotten()


@bp.post("/resets")
def send() -> Response:
    """Mail a link to whoever has that address; the answer is the same for all, and at once. Raises NotFound."""
    require_mail()
    email = request.form.get("email", "")
    try:
        throttling.begin(pages.database(), visitor.tried(f"forgotten {email}"))
    except people.Refused as error:
        return signing.refused(forgotten(email, str(error)), error)
    letters.send_reset_later(pages.database(), current_app.extensions["settings"], email)
    return Page(forgotten(email, done=SENT))


def require_mail() -> None:
    """Raise NotFound where no mail is sent."""
    if not current_app.extensions["settings"]["SMTP_URL"]:
        raise NotFound


def forgotten(email: str = "", problem: str = "", done: str = "") -> str:
    """Render the page that asks for a link."""
    return render_template("accounts/forgotten.html", email=email, problem=problem, done=done)
