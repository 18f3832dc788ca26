"""Signing in and out."""

from __future__ import annotations

from flask import Blueprint, current_app, redirect, render_template, request
from werkzeug.wrappers import Response

from chat.accounts import people, signing_in
from chat.accounts.throttling import TooManyTries
from chat.routes import access, pages, visitor

bp = Blueprint("signing", __name__)


@bp.get("/sign-in")
def show() -> str:
    """Show the form."""
    done = "Your password is set. Sign in with it." if "set" in request.args else ""
    return form(access.local(request.args.get("next", "/")), done=done)


@bp.post("/sign-in")
def sign_in() -> Response:
    """Let somebody in who knows their password."""
    place = access.local(request.form.get("next", "/"))
    email, password = request.form.get("email", ""), request.form.get("password", "")
    try:
        person = signing_in.check(pages.database(), visitor.tried(email), email, password)
        visitor.sign_in(person.id, person.password)
    except people.Refused as error:
        return refused(form(place, email, str(error)), error)
    return redirect(place, code=303)


def form(place: str, email: str = "", problem: str = "", done: str = "") -> str:
    """Render the page with its form; a password is never given back."""
    mails = bool(current_app.extensions["settings"]["SMTP_URL"])
    told = {"place": place, "email": email, "problem": problem, "done": done, "mails": mails}
    return render_template("accounts/sign_in.html", **told)


def refused(page: str, error: people.Refused) -> Response:
    """Answer who may not come in, or not yet."""
    if isinstance(error, TooManyTries):
        return Response(page, 429, {"Retry-After": str(error.wait)})
    return Response(page, 403)


@bp.post("/sign-out")
def sign_out() -> Response:
    """End the visitor's session."""
    visitor.sign_out()
    return redirect("/", code=303)
