"""Models and providers, as admins set them up, turn them off and on, and choose the one to begin with."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template, request

from chat.registry import records
from chat.registry.form import KINDS, InvalidProvider, read_form
from chat.registry.snapshot import ProviderEntry
from chat.storage.database import NotFound
from chat.web import current_user, notices
from chat.web.state import state

NEW = {"name": "", "kind": "openai", "url": ""}
PROTOCOLS = {
    "openai": "OpenAI and all that speak as it does",
    "aivvm": "chatbot-ui v1 (Aivvm)",
    "environment": "Set up by the environment",
}
NOTICES = {
    "added": "The provider is there.",
    "changed": "That is changed, for answers that begin from now on.",
    "deleted": "The provider is deleted.",
    "asked": "It was asked again.",
}

bp = Blueprint("admin_models", __name__, url_prefix="/admin/models")


@bp.before_request
def refresh() -> None:
    """See what is stored now: another worker can have made a change a moment ago, and led here."""
    state.registry.refresh()


@bp.get("")
def index() -> str:
    """Show all providers, and a form for another one."""
    return render_list(NEW)


@bp.get("/<name>")
def show(name: str) -> str:
    """Show one provider and its models."""
    entry = state.registry.find(name)
    better = entry.provider.better if entry.provider else ""
    return render_provider(entry, {"url": better or entry.url})


@bp.errorhandler(InvalidProvider)
def refuse(error: InvalidProvider) -> tuple[str, int]:
    """Say what is wrong with a form, and keep what was entered, but for the key."""
    form = NEW | {field: text for field, text in request.form.items() if field != "key"}
    name = (request.view_args or {}).get("name")
    page = render_provider(state.registry.find(name), form, str(error)) if name else render_list(form, str(error))
    return page, 400


def render_list(form: dict[str, str], problem: str = "") -> str:
    """Render the page of all providers."""
    entries = [describe(entry) for entry in state.registry.now().entries.values()]
    kinds = {kind: PROTOCOLS[kind] for kind in KINDS}
    return render_template(
        "admin/models.html", entries=entries, form=form, kinds=kinds, problem=problem, done=notices.read(NOTICES)
    )


def render_provider(entry: ProviderEntry, form: dict[str, str], problem: str = "") -> str:
    """Render the page of one provider."""
    return render_template(
        "admin/provider.html", **describe(entry), form=form, problem=problem, done=notices.read(NOTICES)
    )


def describe(entry: ProviderEntry) -> dict[str, Any]:
    """Give what a page says of a provider: its models first, as asking for them finds out what is wrong."""
    known, models, others = state.registry.now(), entry.models(), entry.others()
    shown = {model for provider, model in known.shown if provider == entry.name}
    hidden = {model for provider, model in known.hidden if provider == entry.name}
    hidden |= {model.id for model in others} - shown
    models = models + others
    first = known.default.removeprefix(f"{entry.name}/")
    return {
        "entry": entry,
        "protocol": PROTOCOLS.get(entry.kind, entry.kind),
        "wrong": entry.problem(),
        "models": models,
        "others": others,
        "hidden": hidden,
        "on": [model for model in models if model.id not in hidden],
        "first": first if first != known.default else "",
    }


@bp.post("")
def add() -> Response:
    """Add a provider."""
    form = read_form(request.form)
    records.add(state.registry, current_user.require_admin(), form)
    return lead_back(form.name, "added")


@bp.post("/<name>")
def change(name: str) -> Response:
    """Change the address or the key of a provider."""
    kind = state.registry.find(name).kind
    if kind not in KINDS:
        raise NotFound
    records.change(state.registry, current_user.require_admin(), read_form(request.form, name, kind))
    return lead_back(name, "changed")


@bp.post("/<name>/state")
def set_enabled(name: str) -> Response:
    """Turn a provider on or off."""
    records.set_enabled(state.registry, current_user.require_admin(), name, "on" in request.form)
    return lead_back(name, "changed")


@bp.post("/<name>/asking")
def ask_again(name: str) -> Response:
    """Find out now whether a provider can be reached, and what it offers."""
    state.registry.find(name).refresh()
    return lead_back(name, "asked")


@bp.post("/<name>/offer")
def set_model(name: str) -> Response:
    """Turn one of its models on or off, or make it the one to begin with: the button that was pressed says which."""
    admin, form = current_user.require_admin(), request.form
    if "first" in form:
        records.set_default_model(state.registry, admin, name, form["first"])
    else:
        model = form.get("on", form.get("off", ""))
        records.set_model_enabled(state.registry, admin, name, model, "on" in form)
    return lead_back(name, "changed")


@bp.post("/<name>/deletion")
def delete(name: str) -> Response:
    """Delete a provider that an admin added."""
    records.remove(state.registry, current_user.require_admin(), name)
    return notices.lead_to("/admin/models", "deleted")


def lead_back(name: str, done: str) -> Response:
    """Lead to the page of a provider."""
    return notices.lead_to(f"/admin/models/{name}", done)
