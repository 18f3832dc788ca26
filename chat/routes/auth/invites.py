"""Redeeming an invite: a form for who has the link, and one page for all links that can't be used."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request
from sqlalchemy import Row

from chat.people import accounts, audit, invites, passwords
from chat.people.accounts import BadEmail
from chat.people.invites import EmailTaken, Newcomer
from chat.people.passwords import BadPassword
from chat.routes.auth import login
from chat.storage.database import NotFound
from chat.web import current_user, proxy_login, secret_links, urls
from chat.web.state import state

LONGEST_NAME = 100

bp = Blueprint("invites", __name__, url_prefix="/invites")


@bp.before_request
def refuse_by_proxy() -> None:
    """Let no invite be used where a proxy says who comes in: it would give a password to another's account.

    Raises NotFound.
    """
    if proxy_login.is_on():
        raise NotFound


@bp.get("/<token>")
def follow(token: str) -> Response:
    """Follow an invite."""
    invites.find(state.database, token)
    return secret_links.follow("/invites/yours", token)


@bp.get("/yours")
def show() -> str:
    """Show the form of the invite that was followed; who is signed in has an account."""
    return page(invites.find(state.database, secret_links.token()))


def page(invite: Row, **told: str) -> str:
    """Make the page of an invite, with what was typed, but no password."""
    known = current_user.member()
    return render_template(
        "invites/page.html", invite=invite, link=secret_links.mark(), known=known, form=request.form, **told
    )


@bp.post("/yours")
def redeem() -> Response | tuple[str, int]:
    """Make the account and sign in; the second of two clicks finds it made, and signs in. Raises NotFound."""
    if login.is_logged_in_as():
        return secret_links.leave("/")
    if secret_links.is_for_other_link():
        return urls.lead_to("/invites/yours")
    try:
        return create_account(secret_links.token())
    except NotFound:
        if not (invites.is_spent(state.database, secret_links.token()) and login.sign_in_again()):
            raise
    return secret_links.leave("/")


def create_account(token: str) -> Response | tuple[str, int]:
    """Make the account of an invite and sign in: what was said as a guest comes along. Raises NotFound."""
    invite = invites.find(state.database, token)
    if current_user.member():
        return page(invite), 409
    try:
        current_user.login_as(invites.redeem(state.database, token, newcomer(invite)))
    except (BadEmail, BadPassword, EmailTaken) as error:
        if not (isinstance(error, EmailTaken) and login.sign_in_again()):
            return page(invite, problem=str(error)), 400
    return secret_links.leave("/")


def newcomer(invite: Row) -> Newcomer:
    """Read who somebody is from the form. Raises BadEmail and BadPassword.

    The password is hashed here, before the transaction, and only for who has an invite.
    """
    email = invite.email or accounts.require_email(request.form.get("email", ""))
    password = request.form.get("password", "")
    name = audit.to_line(request.form.get("name", ""))[:LONGEST_NAME]
    passwords.require_good(password, email, name)
    return Newcomer(email, name, passwords.hash_password(password))


@bp.errorhandler(NotFound)
def refuse(_: NotFound) -> tuple[str, int]:
    """Answer all invites that can't be used alike: used, run out, revoked and made up ones."""
    return render_template("invites/closed.html"), 404
