"""Invites as their holders use them: the form behind the link, and one page for all links that can't be used."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request
from sqlalchemy import Row

from chat.people import accounts, invites, passwords
from chat.people.accounts import BadEmail
from chat.people.invites import EmailTaken, Newcomer
from chat.people.passwords import BadPassword
from chat.routes.auth import login
from chat.storage.database import NotFound
from chat.web import current_user, proxy_login, secret_links, urls
from chat.web.state import state

bp = Blueprint("invites", __name__, url_prefix="/invites")


@bp.before_request
def refuse_by_proxy() -> None:
    """Raise NotFound if a proxy signs people in: an invite could set a password for another person's account."""
    if proxy_login.is_on():
        raise NotFound


@bp.get("/<token>")
def follow(token: str) -> Response:
    invites.find(state.database, token)
    return secret_links.follow("/invites/yours", token)


@bp.get("/yours")
def show() -> str:
    """Show the form of the invite that was followed."""
    return page(invites.find(state.database, secret_links.token()))


def page(invite: Row, **context: str) -> str:
    """Render the page of an invite, with the fields that were typed except the password."""
    known = current_user.member()
    return render_template(
        "invites/page.html", invite=invite, link=secret_links.mark(), known=known, form=request.form, **context
    )


@bp.post("/yours")
def redeem() -> Response | tuple[str, int]:
    """Create the account and sign in; the second of two clicks finds the account, and signs in. Raises NotFound."""
    if login.is_logged_in_as():
        return secret_links.leave("/")
    if secret_links.is_for_other_link():
        return urls.lead_to("/invites/yours")
    database, token = state.database, secret_links.token()
    try:
        invite = invites.find(database, token)
        if current_user.member():
            return page(invite), 409
        current_user.login_as(invites.redeem(database, token, newcomer(invite)))
    except NotFound:
        if not (invites.is_spent(database, token) and login.sign_in_again()):
            raise
    except (BadEmail, BadPassword, EmailTaken) as error:
        if not (isinstance(error, EmailTaken) and login.sign_in_again()):
            return page(invite, problem=str(error), wrong_field=error.field), 400
    return secret_links.leave("/")


def newcomer(invite: Row) -> Newcomer:
    """Read the form. Raises BadEmail and BadPassword.

    It hashes the password before the transaction, and only after the invite was found.
    """
    email = invite.email or accounts.require_email(request.form.get("email", ""))
    password = request.form.get("password", "")
    name = accounts.clean_name(request.form.get("name", ""))
    passwords.require_good(password, email, name)
    return Newcomer(email, name, passwords.hash_password(password))


@bp.errorhandler(NotFound)
def refuse(_: NotFound) -> tuple[str, int]:
    """Answer all unusable invites alike: used, expired, revoked and invented ones."""
    return render_template("invites/closed.html"), 404
