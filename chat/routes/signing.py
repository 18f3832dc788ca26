"""Signing in and out."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from chat.accounts import signing_in
from chat.routes import access, pages, visitor

bp = Blueprint("signing", __name__)


@bp.get("/sign-in")
def show() -> str:
    """Show the form."""
    return form(access.local(request.args.get("next", "/")))


@bp.post("/sign-in")
def sign_in() -> Response:
    """Let somebody in who knows their password."""
    place = access.local(request.form.get("next", "/"))
    email, password = request.form.get("email", ""), request.form.get("password", "")
    try:
        person = signing_in.check(pages.database(), email, password)
        visitor.sign_in(person.id, person.password)
    except signing_in.Refused as error:
        return Response(form(place, email, str(error)), 403)
    return redirect(place, code=303)


def form(place: str, email: str = "", problem: str = "") -> str:
    """Render the page with its form; a password is never given back."""
    return render_template("accounts/sign_in.html", place=place, email=email, problem=problem)


@bp.post("/sign-out")
def sign_out() -> Response:
    """End the visitor's session."""
    visitor.sign_out()
    return redirect("/", code=303)
