"""Invites, as admins make and revoke them."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from chat.people import accounts, invites
from chat.people.accounts import BadEmail
from chat.people.invites import BadInvite
from chat.web import current_user, proxy_login, secret_links, state, urls

NEW = {"role": "member", "days": str(invites.DAYS), "uses": "1", "email": ""}
DONE = {"revoked": "That invite can't be used any more."}

bp = Blueprint("admin_invites", __name__, url_prefix="/admin/invites")


@bp.get("")
def index() -> str:
    """Show the invites that can be used, and a form for another one."""
    return render_list(NEW, done=DONE.get(request.args.get("done", "")))


@bp.errorhandler(BadEmail)
@bp.errorhandler(BadInvite)
def refuse(error: Exception) -> tuple[str, int]:
    """Say what is wrong with a wish, and keep it."""
    return render_list(NEW | request.form.to_dict(), problem=str(error)), 400


def render_list(form: Mapping[str, str], **told: str | None) -> str:
    """Make the page of all invites."""
    limits = {"days": invites.MOST_DAYS, "uses": invites.MOST_USES}
    shown = {"invites": invites.list_open(state.database()), "form": form, "limits": limits}
    return render_template("admin/invites.html", **shown, proxied=proxy_login.is_on(), **told)


@bp.post("")
def make() -> str:
    """Make an invite and show its link once: what is stored of it can't be shown. A reload would make another one."""
    form = NEW | request.form.to_dict()
    email = accounts.require_email(form["email"]) if form["email"].strip() else None
    days, uses = number(form["days"]), number(form["uses"])
    token = invites.create(state.database(), current_user.require_admin(), form["role"], days, uses, email)
    told = {"role": form["role"], "days": days, "uses": uses, "email": email}
    return render_template("admin/invite.html", link=secret_links.absolute_url(f"/invites/{token}"), **told)


def number(text: str) -> int:
    """Read a number of a form; what is none is out of all bounds."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else -1


@bp.post("/<id:invite_id>/revocation")
def revoke(invite_id: int) -> Response:
    """Let an invite be used no more."""
    invites.revoke(state.database(), current_user.require_admin(), invite_id)
    return urls.lead_to("/admin/invites?done=revoked")
