"""Invites as admins create and revoke them."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, render_template, request

from chat.people import invite_mails, invites
from chat.people.invites import BadInvite
from chat.web import current_user, notices, proxy_login, secret_links
from chat.web.ids import read_number
from chat.web.state import state

NEW = {"role": "member", "days": str(invites.DAYS), "uses": "1", "emails": ""}
NOTICES = {"revoked": "Invite revoked."}

bp = Blueprint("admin_invites", __name__, url_prefix="/admin/invites")


@bp.get("")
def index() -> str:
    """Show the usable invites, and a form for a new one."""
    return render_list(NEW)


@bp.errorhandler(BadInvite)
def refuse(error: BadInvite) -> tuple[str, int]:
    """Show what is wrong with the form, and keep its fields."""
    return render_list(NEW | request.form.to_dict(), problem=str(error)), 400


def render_list(form: Mapping[str, str], problem: str = "") -> str:
    limits = {"days": invites.MOST_DAYS, "uses": invites.MOST_USES, "emails": invite_mails.MOST_EMAILS}
    content = {"invites": invites.list_open(state.database), "form": form, "limits": limits}
    context = {
        "proxied": proxy_login.is_on(),
        "mails": bool(state.settings.smtp_url),
        "problem": problem,
        "done": notices.read(NOTICES),
    }
    return render_template("admin/invites.html", **content, **context)


@bp.post("")
def create() -> str:
    """Create an invite for each email, or one for anyone with its link, and show the links.

    They are shown once: only digests are stored. A reload creates others.
    """
    form = NEW | request.form.to_dict()
    emails = invite_mails.read_emails(form["emails"])
    days, uses = read_number(form["days"]) or 0, read_number(form["uses"]) or 0  # `invites` refuses 0
    uses = 1 if emails else uses
    tokens = invites.create_all(
        state.database, current_user.require_admin(), emails or [None], form["role"], days, uses
    )
    links = [secret_links.absolute_url(f"/invites/{token}") for token in tokens]
    unsent = send(dict(zip(emails, links, strict=True)), days) if emails else []
    shown = sorted(zip(emails or [""], links, strict=True), key=lambda row: row[0] not in unsent)
    context = {"role": form["role"], "days": days, "uses": uses, "mails": state.settings.smtp_url and emails}
    return render_template("admin/invite_link.html", links=shown, unsent=unsent, **context)


def send(links: dict[str, str], days: int) -> list[str]:
    """Mail the links if a mail server is set, and return the emails that none was sent to."""
    if not state.settings.smtp_url:
        return []
    return invite_mails.send(state.settings, current_user.require_admin(), links, days)


@bp.post("/<id:invite_id>/revocation")
def revoke(invite_id: int) -> Response:
    invites.revoke(state.database, current_user.require_admin(), invite_id)
    return notices.lead_to("/admin/invites", "revoked")
