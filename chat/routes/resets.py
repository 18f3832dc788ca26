"""Forgotten passwords: a link is asked for, and used."""

from __future__ import annotations

from flask import Blueprint, current_app, redirect, render_template, request
from werkzeug.wrappers import Response

from chat.accounts import passwords, people, resets
from chat.conversations import NotFound
from chat.routes import pages, visitor

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
        return Response(form(token, email, str(error)), 400)
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
    return render_template("accounts/forgotten.html")


@bp.post("/resets")
def send() -> str:
    """Mail a link to whoever has that address; the answer is the same for all. Raises NotFound."""
    require_mail()
    return render_template("accounts/forgotten.html")


def require_mail() -> None:
    """Raise NotFound where no mail is sent."""
    settings = current_app.extensions["settings"]
    if not settings["SMTP_URL"]:
        raise NotFound
