"""The one-time link that creates the first admin."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request

from chat.people import accounts, first_admin, passwords
from chat.routes.auth import login
from chat.storage.database import NotFound
from chat.web import current_user, proxy_login, secret_links
from chat.web.state import state

bp = Blueprint("first_admin", __name__, url_prefix="/claim")


@bp.get("/<token>")
def follow(token: str) -> Response:
    """Follow the link. Raises NotFound if it was used, or is wrong."""
    require_open(token)
    return secret_links.follow("/claim", token)


@bp.get("")
def show() -> str:
    """Show the form. Raises NotFound, and Refused if a proxy should name the visitor, and doesn't."""
    require_open(secret_links.token())
    return form()


@bp.post("")
def create() -> Response:
    """Create the first admin, and sign them in. The second click of a double click finds them created, and signs in.

    Raises NotFound and Refused.
    """
    token = secret_links.token()
    if not first_admin.is_open(state.database, state.secret, token):
        if token and (is_the_admin() or login.is_logged_in_as() or login.sign_in_again()):
            return secret_links.leave("/")
        raise NotFound
    if proxy_login.is_on():
        return promote_by_proxy(token)
    email, password, name = (request.form.get(field, "") for field in ("email", "password", "name"))
    try:
        person_id = first_admin.create_first_admin(state.database, state.secret, token, email, password, name)
    except (accounts.BadEmail, passwords.BadPassword) as error:
        return Response(form(email, name, str(error), error.field), 400)
    except accounts.Refused as error:
        return Response(form(email, name, str(error)), 409)
    current_user.login_as(person_id)
    return secret_links.leave("/")


def promote_by_proxy(token: str) -> Response:
    """Make the person that the proxy names the first admin; their next request signs them in. Raises Refused."""
    person_id = proxy_login.account_of(proxy_login.forwarded_email())
    first_admin.promote_member(state.database, state.secret, token, person_id)
    return secret_links.leave("/")


def is_the_admin() -> bool:
    """Return whether the proxy names an admin: the first click of a double click made them one."""
    named = accounts.by_email(state.database, proxy_login.forwarded_email()) if proxy_login.is_on() else None
    return named is not None and named.role == accounts.ADMIN


def require_open(token: str) -> None:
    """Raise NotFound if a token is not valid, or used."""
    if not first_admin.is_open(state.database, state.secret, token):
        raise NotFound


def form(email: str = "", name: str = "", problem: str = "", wrong_field: str = "") -> str:
    """Render the page; the problem stands at `wrong_field`.

    Raises Refused if a proxy should name the visitor, and doesn't.
    """
    named = proxy_login.require_one(proxy_login.forwarded_email()) if proxy_login.is_on() else ""
    context = {"named": named, "email": email, "name": name, "problem": problem, "wrong_field": wrong_field}
    return render_template("accounts/first_admin.html", **context)


@bp.errorhandler(NotFound)
def refuse(_: NotFound) -> tuple[str, int]:
    """Answer all unusable links alike: used, incomplete and invented ones."""
    return render_template("accounts/closed_claim.html"), 404
