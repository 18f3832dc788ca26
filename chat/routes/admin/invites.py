"""Invites as admins create and revoke them."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, render_template, request

from chat.people import accounts, invites
from chat.people.accounts import BadEmail
from chat.people.invites import BadInvite
from chat.web import current_user, notices, proxy_login, secret_links
from chat.web.ids import read_number
from chat.web.state import state

NEW = {"role": "member", "days": str(invites.DAYS), "uses": "1", "email": ""}
NOTICES = {"revoked": "Invite revoked."}

bp = Blueprint("admin_invites", __name__, url_prefix="/admin/invites")


@bp.get("")
def index() -> str:
    """Show the usable invites, and a form for a new one."""
    return render_list(NEW)


@bp.errorhandler(BadEmail)
@bp.errorhandler(BadInvite)
def refuse(error: Exception) -> tuple[str, int]:
    """Show what is wrong with the form, and keep its fields."""
    return render_list(NEW | request.form.to_dict(), problem=str(error)), 400


def render_list(form: Mapping[str, str], problem: str = "") -> str:
    limits = {"days": invites.MOST_DAYS, "uses": invites.MOST_USES}
    content = {"invites": invites.list_open(state.database), "form": form, "limits": limits}
    context = {"proxied": proxy_login.is_on(), "problem": problem, "done": notices.read(NOTICES)}
    return render_template("admin/invites.html", **content, **context)


@bp.post("")
def create() -> str:
    """Create an invite, and show its link once: only a digest is stored. A reload creates another one."""
    form = NEW | request.form.to_dict()
    email = accounts.require_email(form["email"]) if form["email"].strip() else None
    days, uses = read_number(form["days"]) or 0, read_number(form["uses"]) or 0  # `invites.create` refuses 0
    token = invites.create(state.database, current_user.require_admin(), form["role"], days, uses, email)
    context = {"role": form["role"], "days": days, "uses": uses, "email": email}
    return render_template("admin/invite_link.html", link=secret_links.absolute_url(f"/invites/{token}"), **context)


@bp.post("/<id:invite_id>/revocation")
def revoke(invite_id: int) -> Response:
    invites.revoke(state.database, current_user.require_admin(), invite_id)
    return notices.lead_to("/admin/invites", "revoked")
