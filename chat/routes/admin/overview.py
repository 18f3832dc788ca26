"""The first admin page: what is missing, with the place that mends it, and a few numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote

from flask import Blueprint, render_template

from chat.config.durations import DAY
from chat.people import directory, invites
from chat.routes import model_choice
from chat.storage import backup_stamp
from chat.web import proxy_login
from chat.web.state import state

OLD = 7 * DAY
"""After how many seconds a backup is old."""

LIMITS = ("MESSAGES_PER_MINUTE", "MESSAGES_PER_MINUTE_PER_ADDRESS", "MAX_CONCURRENT_ANSWERS_PER_ADDRESS")
"""The limits without which one visitor of an open instance can spend everything."""

NO_BACKUP = "No backup yet. Only backups made with bin/backup are counted."

bp = Blueprint("admin_overview", __name__, url_prefix="/admin")


class Gap(NamedTuple):
    """Something that is missing, and the page that mends it; without one, `action` is a command."""

    sentence: str
    action: str
    place: str = ""


@bp.get("")
def show() -> str:
    model_choice.options()  # before any transaction: a provider can be slow
    gaps = [*gaps_of_server(), *gaps_of_models(), *gaps_of_people(), *gaps_of_limits(), *gaps_of_backups()]
    return render_template("admin/overview.html", gaps=gaps, facts=facts())


def gaps_of_server() -> Iterator[Gap]:
    for sentence in filter(None, (state.readiness.problem(), *state.warnings)):
        yield Gap(sentence, "See Health", "/admin/health")


def gaps_of_models() -> Iterator[Gap]:
    if model_choice.has_only_demo():
        yield Gap("Only the demo model is connected.", "Connect a model", "/admin/models")
    elif not model_choice.options():
        yield Gap("No model is connected, so no one can chat yet.", "Connect a model", "/admin/models")
    for name, problem in model_choice.problems().items():
        yield Gap(f"{name}: {problem}", f"Open {name}", f"/admin/models/{quote(name)}")


def gaps_of_people() -> Iterator[Gap]:
    """Yield that nobody else is here or invited, unless people come in by themselves."""
    settings = state.settings
    come_by_themselves = settings.access != "team" or proxy_login.is_on() or settings.oidc_domains
    if come_by_themselves or directory.count(state.database) > 1 or invites.list_open(state.database):
        return
    yield Gap("No one has been invited yet.", "Invite people", "/admin/invites")


def gaps_of_limits() -> Iterator[Gap]:
    unlimited = [name for name in LIMITS if not getattr(state.settings, name.lower())]
    if state.settings.access == "open" and unlimited:
        sentence = f"Anyone can chat here, and these limits are off: {', '.join(unlimited)}."
        yield Gap(sentence, "See Settings", "/admin/settings")


def gaps_of_backups() -> Iterator[Gap]:
    age = backup_stamp.age(state.database)
    if age is None:
        yield Gap(NO_BACKUP, "bin/backup")
    elif age > OLD:
        yield Gap(f"The latest backup made with bin/backup is {age // DAY} days old.", "bin/backup")


def facts() -> dict[str, str]:
    age = backup_stamp.age(state.database)
    models, providers = model_choice.options(), {option.provider for option in model_choice.options()}
    return {
        "People": str(directory.count(state.database)),
        "Pending invites": str(len(invites.list_open(state.database))),
        "Models": f"{len(models)} from {len(providers)} {'provider' if len(providers) == 1 else 'providers'}",
        "Latest backup": "none made with bin/backup" if age is None else ago(age),
    }


def ago(seconds: int) -> str:
    days = seconds // DAY
    return "less than a day ago" if days < 1 else "1 day ago" if days < 2 else f"{days} days ago"
