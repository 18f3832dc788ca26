"""The account page: name, password, single sign-on, and sessions."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, render_template, request

from chat.people import accounts, authentication, passwords
from chat.people.person import Person
from chat.routes.auth import login
from chat.storage.database import NotFound
from chat.web import current_user, notices, proxy_login, urls, user_agent
from chat.web.access import LoginRequired
from chat.web.state import state

NOTICES = {
    "changed": "Password changed. Other sessions were signed out.",
    "named": "Name saved.",
    "connected": "Connected. You can now use single sign-on.",
    "disconnected": "Disconnected. Sign in with your password.",
}

bp = Blueprint("account", __name__, url_prefix="/account")


@bp.before_request
def require_account() -> None:
    """Let only members and admins in, even if guests can chat here. Raises LoginRequired."""
    require_member()


@bp.get("")
def show() -> str:
    return page(done=notices.read(NOTICES))


@bp.post("/name")
def change_name() -> Response:
    member = require_member()
    accounts.rename(state.database, member, member.id, request.form.get("name", ""))
    return notices.lead_to("/account", "named")


@bp.post("/password")
def change_password() -> Response:
    new = request.form.get("password", "")
    try:
        person = authenticate()
        passwords.require_good(new, person.email, person.name)
        password_hash = passwords.hash_password(new)
        with state.database.write() as connection:
            accounts.change_password(connection, person, password_hash)
    except passwords.BadPassword as error:
        return Response(page(str(error), wrong_field=error.field), 400)
    except accounts.Refused as error:
        return login.refuse(page(explain_refusal(error), wrong_field="change"), error)
    current_user.login_as(person.id, password_hash)
    return notices.lead_to("/account", "changed")


def authenticate() -> Person:
    """Return the member if the form has their current password. Raises Refused and LoginRequired."""
    return current_user.confirm_password(require_member(), request.form.get("present", ""))


def explain_refusal(error: accounts.Refused) -> str:
    return "The current password is wrong." if isinstance(error, authentication.WrongPassword) else str(error)


@bp.post("/sessions/<name>/end")
def end_session(name: str) -> Response:
    """Sign out one browser, which can be this one. Raises NotFound."""
    if not re.fullmatch("[0-9a-f]{64}", name):
        raise NotFound
    state.sessions.end(require_member().id, name)
    return urls.lead_to("/account")


@bp.post("/sessions/end")
def end_others() -> Response:
    state.sessions.end_others(require_member().id, current_user.session_name())
    return urls.lead_to("/account")


def require_member() -> Person:
    """Return the signed-in member or admin. Raises LoginRequired."""
    found = current_user.member()
    if found is None:
        raise LoginRequired("/account")
    return found


def page(problem: str = "", done: str = "", wrong_field: str = "") -> str:
    """Render the page; the problem stands at the new password, or at the current one of the form `wrong_field`."""
    member = require_member()
    person = accounts.find(state.database, member.id) or member
    has_password = bool(person.password) and not proxy_login.is_on()  # the proxy lets no password in
    openid = login.openid_name() if has_password else ""
    connected = bool(openid and person.subject)
    context = {"person": person, "has_password": has_password, "openid": openid, "connected": connected}
    context |= {"proxied": proxy_login.is_on(), "problem": problem, "wrong_field": wrong_field, "done": done}
    return render_template("accounts/account.html", **context, browsers=browsers(member.id))


def browsers(person_id: int) -> list[dict[str, Any]]:
    """List the sessions of a member, this browser first."""
    here = current_user.session_name()
    listed = [
        {"name": row.id, "agent": user_agent.describe(row.agent or ""), "seen_at": row.seen_at, "here": row.id == here}
        for row in state.sessions.of_person(person_id)
    ]
    return sorted(listed, key=lambda browser: not browser["here"])
