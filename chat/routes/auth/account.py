"""A member's own page: where they are signed in, and another password."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, render_template, request

from chat.people import accounts, authentication, external_login, passwords
from chat.people.person import Person
from chat.routes.auth import login, user_agents
from chat.storage.database import NotFound
from chat.web import current_user, notices, proxy_login, urls
from chat.web.access import LoginRequired
from chat.web.state import state

NOTICES = {
    "changed": "Your password is changed. You were signed out everywhere else.",
    "connected": "Your account is connected. You can sign in by that from now on.",
    "disconnected": "Your account isn't connected any more. You sign in with your password.",
}

bp = Blueprint("account", __name__, url_prefix="/account")


@bp.before_request
def require_account() -> None:
    """Let nobody but members and admins in, whoever may chat here. Raises LoginRequired."""
    require_member()


@bp.get("")
def show() -> str:
    """Show the page."""
    return page(done=notices.read(NOTICES))


@bp.post("/password")
def change_password() -> Response:
    """Set another password, for whoever knows the current one."""
    new = request.form.get("password", "")
    try:
        person = authenticate()
        passwords.require_good(new, person.email, person.name or "")
        kept = passwords.hash_password(new)
        with state.database.write() as connection:
            accounts.change_password(connection, person, kept)
    except passwords.BadPassword as error:
        return Response(page(str(error)), 400)
    except accounts.Refused as error:
        return login.refuse(page(explain_refusal(error)), error)
    current_user.login_as(person.id, kept)
    return notices.lead_to("/account", "changed")


def authenticate() -> Person:
    """Give the member who is asking, if the form has their current password. Raises Refused and LoginRequired."""
    return current_user.confirm_password(require_member(), request.form.get("present", ""))


def explain_refusal(error: accounts.Refused) -> str:
    """Say why the current password is refused."""
    return "That isn't your current password." if isinstance(error, authentication.WrongPassword) else str(error)


@bp.post("/sessions/<name>/end")
def end_session(name: str) -> Response:
    """Sign out one browser; one's own, too. Raises NotFound for what names none."""
    if not re.fullmatch("[0-9a-f]{64}", name):
        raise NotFound
    state.sessions.end(require_member().id, name)
    return urls.lead_to("/account")


@bp.post("/sessions/end")
def end_others() -> Response:
    """Sign out all browsers but this one."""
    state.sessions.end_others(require_member().id, current_user.session_name())
    return urls.lead_to("/account")


def require_member() -> Person:
    """Give the member who is asking. Raises LoginRequired."""
    found = current_user.member()
    if found is None:
        raise LoginRequired("/account")
    return found


def page(problem: str = "", done: str = "") -> str:
    """Render the page."""
    person = accounts.find(state.database, require_member().id)
    has_password = person is not None and bool(person.password)
    openid = login.openid_name() if has_password else ""
    connected = bool(openid) and external_login.is_linked(state.database, require_member().id)
    told = {"person": person, "has_password": has_password, "openid": openid, "connected": connected}
    told |= {"proxied": proxy_login.is_on(), "problem": problem, "done": done}
    return render_template("accounts/account.html", **told, browsers=browsers())


def browsers() -> list[dict[str, Any]]:
    """List where a member is signed in, this browser first."""
    here = current_user.session_name()
    listed = [
        {"name": row.id, "agent": user_agents.describe(row.agent or ""), "seen_at": row.seen_at, "here": row.id == here}
        for row in state.sessions.of_person(require_member().id)
    ]
    return sorted(listed, key=lambda browser: not browser["here"])
