"""Login by password, and logout."""

from __future__ import annotations

import re

from flask import Blueprint, Response, render_template, request

from chat.people import accounts
from chat.people.login_throttle import TooManyAttempts
from chat.routes import pages
from chat.web import access, cookies, current_user, proxy_login, urls
from chat.web.form_parser import posted_text
from chat.web.ids import ID
from chat.web.state import state

NOT_SIGNED_IN = "You're not signed in yet. Sign in here, or in another tab and come back."

bp = Blueprint("login", __name__)


@bp.get("/sign-in")
def show() -> str:
    done = "Password saved. Sign in with it." if "set" in request.args else ""
    return form(access.local_path(request.args.get("next", "/")), done=done)


@bp.post("/sign-in")
def sign_in() -> Response:
    place, draft = access.local_path(request.form.get("next", "/")), posted_text()
    email, password = request.form.get("email", ""), request.form.get("password", "")
    if "on" in request.form:
        return resume_draft(place, email, draft)
    try:
        current_user.login(email, password)
    except accounts.Refused as error:
        return refuse(form(place, email, str(error), draft=draft, wrong_field="password"), error)
    return Response(render_draft(place, draft)) if draft else urls.lead_to(place)


def resume_draft(place: str, email: str, draft: str) -> Response:
    """Give a draft back to a person who has signed in meanwhile, in another tab."""
    if not current_user.member():
        return Response(form(place, email, NOT_SIGNED_IN, draft=draft), 403)
    return Response(render_draft(place, draft))


def render_draft(place: str, draft: str) -> str:
    """Render a draft from before the sign-in, with a form to send it."""
    action = f"{place}/messages" if re.fullmatch(f"/conversations/{ID}", place) else "/conversations"
    return render_template("accounts/draft.html", draft=draft, action=action, **pages.composer())


def form(place: str, email: str = "", problem: str = "", done: str = "", draft: str = "", wrong_field: str = "") -> str:
    """Render the sign-in page, without the password that was typed; the problem stands at `wrong_field`."""
    mails = bool(state.settings.smtp_url)
    context = {"place": place, "email": email, "problem": problem, "done": done, "draft": draft, "mails": mails}
    context |= {"openid": openid_name(), "wrong_field": wrong_field}
    return render_template("accounts/sign_in.html", **context)


def openid_name() -> str:
    """Return the name of single sign-on here; empty if there is none."""
    return (state.oidc and state.settings.oidc_name) or ""


def is_logged_in_as() -> bool:
    """Return whether the visitor is signed in with the form's email address: the first of two clicks did it."""
    known = current_user.member()
    return known is not None and known.email == accounts.normalize_email(request.form.get("email", ""))


def sign_in_again() -> bool:
    """Sign in with the email address and password of a form that creates an account; False if they don't fit.

    On a double click the browser drops the first response with its session cookie, and the second request finds the
    account already created. An attacker learns no more than on the sign-in page, and not more often.
    """
    if current_user.member() or proxy_login.is_on():
        return False
    email, password = request.form.get("email", ""), request.form.get("password", "")
    try:
        current_user.login(email, password)
    except accounts.Refused:
        return False
    return True


def refuse(page: str, error: accounts.Refused) -> Response:
    """Answer a refused sign-in with 403, or with 429 if the next attempt has to wait."""
    if isinstance(error, TooManyAttempts):
        return Response(page, 429, {"Retry-After": str(error.wait)})
    return Response(page, 403)


@bp.post("/sign-out")
def sign_out() -> Response:
    """End the session, and delete the cookies of secret links and of single sign-on. composer.js clears the drafts."""
    current_user.logout()
    response = urls.lead_to("/")
    for name in (cookies.LINK, cookies.OPENID):
        cookies.delete_cookie(response, name)
    return response
