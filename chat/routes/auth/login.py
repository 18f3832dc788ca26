"""Signing in and out."""

from __future__ import annotations

import re

from flask import Blueprint, Response, render_template, request

from chat.people import accounts
from chat.people.login_throttle import TooManyAttempts
from chat.routes import pages
from chat.routes.messages import posted_text
from chat.web import access, cookies, current_user, proxy_login, urls
from chat.web.ids import ID
from chat.web.state import state

NOT_SIGNED_IN = "You aren't signed in yet. Sign in here, or in another tab, and come back to this one."

bp = Blueprint("login", __name__)


@bp.get("/sign-in")
def show() -> str:
    """Show the form."""
    done = "Your password is set. Sign in with it." if "set" in request.args else ""
    return form(access.local_path(request.args.get("next", "/")), done=done)


@bp.post("/sign-in")
def sign_in() -> Response:
    """Let somebody in who knows their password."""
    place, draft = access.local_path(request.form.get("next", "/")), posted_text()
    email, password = request.form.get("email", ""), request.form.get("password", "")
    if "on" in request.form:
        return resume_draft(place, email, draft)
    try:
        current_user.login(email, password)
    except accounts.Refused as error:
        return refuse(form(place, email, str(error), draft=draft), error)
    return Response(render_draft(place, draft)) if draft else urls.lead_to(place)


def resume_draft(place: str, email: str, draft: str) -> Response:
    """Give back what somebody wrote who has signed in meanwhile, in another tab."""
    if not current_user.member():
        return Response(form(place, email, NOT_SIGNED_IN, draft=draft), 403)
    return Response(render_draft(place, draft))


def render_draft(place: str, draft: str) -> str:
    """Render what somebody wrote before they had to sign in, to be sent from there."""
    action = f"{place}/messages" if re.fullmatch(f"/conversations/{ID}", place) else "/conversations"
    return render_template("accounts/given_back.html", draft=draft, action=action, **pages.composer())


def form(place: str, email: str = "", problem: str = "", done: str = "", draft: str = "") -> str:
    """Render the page with its form; a password is never given back."""
    mails = bool(state.settings.smtp_url)
    told = {"place": place, "email": email, "problem": problem, "done": done, "draft": draft, "mails": mails}
    told["openid"] = openid_name()
    return render_template("accounts/sign_in.html", **told)


def openid_name() -> str:
    """Say how single sign-on is called here; nothing where there is none."""
    return (state.oidc and state.settings.oidc_name) or ""


def is_logged_in_as() -> bool:
    """Tell whether the visitor is signed in as who the form is of: by the first of two clicks."""
    known = current_user.member()
    return known is not None and known.email == accounts.normalize_email(request.form.get("email", ""))


def sign_in_again() -> bool:
    """Sign in the second of two clicks, who has an account with what was typed; False for anybody else.

    It tells others no more than signing in does, nor more often.
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
    """Answer who may not come in, or not yet."""
    if isinstance(error, TooManyAttempts):
        return Response(page, 429, {"Retry-After": str(error.wait)})
    return Response(page, 403)


@bp.post("/sign-out")
def sign_out() -> Response:
    """End the visitor's session; links that the browser keeps go, too. Drafts are cleared by composer.js."""
    current_user.logout()
    response = urls.lead_to("/")
    for name in (cookies.LINK, cookies.OPENID):
        cookies.delete_cookie(response, name)
    return response
