"""People as admins see them: list, roles, suspension, removal and reset links."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request

from chat.people import directory, roles
from chat.people.audit import PAGE
from chat.people.roles import LastAdmin
from chat.routes.admin import pagination
from chat.web import current_user, notices, secret_links, urls
from chat.web.state import state

NOTICES = {
    "role": "Role changed. It applies at their next sign-in.",
    "suspended": "Suspended and signed out.",
    "resumed": "Reinstated.",
    "removed": "Account and chats deleted.",
}

bp = Blueprint("admin_people", __name__, url_prefix="/admin/people")


@bp.get("")
def index() -> str:
    """Show a page of members, newest first."""
    return render_list()


@bp.errorhandler(LastAdmin)
def refuse(error: LastAdmin) -> tuple[str, int]:
    return render_list(problem=str(error)), 409


def render_list(problem: str = "") -> str:
    rows = directory.page(state.database, pagination.before_id())
    context = {"me": current_user.require_admin(), "problem": problem, "done": notices.read(NOTICES)}
    return render_template("admin/people.html", **pagination.page_of(rows, PAGE), **context)


@bp.post("/<id:person_id>/role")
def change(person_id: int) -> Response:
    roles.change(state.database, current_user.require_admin(), person_id, request.form.get("role", ""))
    return lead_back(person_id, "role")


@bp.post("/<id:person_id>/suspension")
def suspend(person_id: int) -> Response:
    state.replies.cancel(roles.suspend(state.database, current_user.require_admin(), person_id))
    return lead_back(person_id, "suspended")


@bp.post("/<id:person_id>/resumption")
def resume(person_id: int) -> Response:
    roles.resume(state.database, current_user.require_admin(), person_id)
    return lead_back(person_id, "resumed")


@bp.get("/<id:person_id>/removal")
def ask_to_remove(person_id: int) -> str:
    """Ask for confirmation, with the number of conversations that the removal deletes."""
    database = state.database
    person, count = directory.find(database, person_id), directory.count_conversations(database, person_id)
    roles.require_removable(database, person)
    return render_template("admin/removal.html", person=person, count=count)


@bp.post("/<id:person_id>/removal")
def remove(person_id: int) -> Response:
    state.replies.cancel(roles.remove(state.database, current_user.require_admin(), person_id))
    return lead_back(person_id, "removed")


def lead_back(person_id: int, done: str) -> Response:
    """Lead to the list; admins who changed themselves can't see it any more, and go to the first page."""
    if current_user.require_admin().id == person_id:
        return urls.lead_to("/")
    return notices.lead_to("/admin/people", done)


@bp.post("/<id:person_id>/reset")
def reset(person_id: int) -> str:
    """Create a reset link, and show it once: only a digest is stored."""
    token = directory.create_reset(state.database, current_user.require_admin(), person_id)
    person = directory.find(state.database, person_id)
    return render_template("admin/reset_link.html", person=person, link=secret_links.absolute_url(f"/resets/{token}"))
