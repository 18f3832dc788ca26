"""Providers and models: add, change, enable and disable them, and choose the default model."""

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
    """Refresh the registry: another worker may have made the change that this page shows."""
    state.registry.refresh()


@bp.get("")
def index() -> str:
    """Show all providers, and a form for a new one."""
    return render_list(NEW)


@bp.get("/<name>")
def show(name: str) -> str:
    entry = state.registry.find(name)
    better = entry.provider.better if entry.provider else ""
    return render_provider(entry, {"url": better or entry.url})


@bp.errorhandler(InvalidProvider)
def refuse(error: InvalidProvider) -> tuple[str, int]:
    """Show what is wrong with a form, and keep its fields except the key."""
    form = NEW | {field: text for field, text in request.form.items() if field != "key"}
    name = (request.view_args or {}).get("name")
    page = render_provider(state.registry.find(name), form, str(error)) if name else render_list(form, str(error))
    return page, 400


def render_list(form: dict[str, str], problem: str = "") -> str:
    entries = [describe(entry) for entry in state.registry.now().entries.values()]
    kinds = {kind: PROTOCOLS[kind] for kind in KINDS}
    return render_template(
        "admin/models.html", entries=entries, form=form, kinds=kinds, problem=problem, done=notices.read(NOTICES)
    )


def render_provider(entry: ProviderEntry, form: dict[str, str], problem: str = "") -> str:
    return render_template(
        "admin/provider.html", **describe(entry), form=form, problem=problem, done=notices.read(NOTICES)
    )


def describe(entry: ProviderEntry) -> dict[str, Any]:
    """Return what a page shows of a provider. It lists the models first: that finds out what is wrong."""
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
    form = read_form(request.form)
    records.add(state.registry, current_user.require_admin(), form)
    return notices.lead_to(f"/admin/models/{form.name}", "added")


@bp.post("/<name>")
def change(name: str) -> Response:
    kind = state.registry.find(name).kind
    if kind not in KINDS:
        raise NotFound
    records.change(state.registry, current_user.require_admin(), read_form(request.form, name, kind))
    return notices.lead_to(f"/admin/models/{name}", "changed")


@bp.post("/<name>/state")
def set_enabled(name: str) -> Response:
    records.set_enabled(state.registry, current_user.require_admin(), name, "on" in request.form)
    return notices.lead_to(f"/admin/models/{name}", "changed")


@bp.post("/<name>/asking")
def ask_again(name: str) -> Response:
    """Fetch a provider's list of models now."""
    state.registry.find(name).refresh()
    return notices.lead_to(f"/admin/models/{name}", "asked")


@bp.post("/<name>/offer")
def set_model(name: str) -> Response:
    """Enable or disable a model, or make it the default: the button that was pressed says which."""
    admin, form = current_user.require_admin(), request.form
    if "first" in form:
        records.set_default_model(state.registry, admin, name, form["first"])
    else:
        model = form.get("on", form.get("off", ""))
        records.set_model_enabled(state.registry, admin, name, model, "on" in form)
    return notices.lead_to(f"/admin/models/{name}", "changed")


@bp.post("/<name>/deletion")
def delete(name: str) -> Response:
    records.remove(state.registry, current_user.require_admin(), name)
    return notices.lead_to("/admin/models", "deleted")
