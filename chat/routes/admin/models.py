"""Providers and models: connect, change, enable and disable them, and choose the default model."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, render_template, request

from chat.registry import presets, records
from chat.registry.form import KINDS, InvalidProvider, read_form
from chat.registry.snapshot import ProviderEntry
from chat.routes import model_choice
from chat.routes.admin import offer
from chat.storage.database import NotFound
from chat.web import current_user, notices, urls
from chat.web.state import state

NEW = {"name": "", "kind": "openai", "url": ""}
PROTOCOLS = {
    "openai": "OpenAI-compatible",
    "aivvm": "chatbot-ui v1 (Aivvm)",
    "environment": "From environment variables",
    "demo": "Comes with Rivulet",
}
TESTED = {"saved": "{} is saved, but doesn't work yet.", "asked": "{} doesn't work."}
"""What an address says after a test of the connection, and how the page begins if that failed."""

NOTICES = {"changed": "Saved. Applies to new answers.", "deleted": "Provider deleted."}

bp = Blueprint("admin_models", __name__, url_prefix="/admin/models")


@bp.context_processor
def audience() -> dict[str, bool]:
    """Tell templates whether the visitor looks after the models alone, and can't open the other admin pages."""
    return {"alone": current_user.admin() is None}


@bp.before_request
def refresh() -> None:
    """Refresh the registry: another worker may have made the change that this page shows."""
    state.registry.refresh()


@bp.get("")
def index() -> str:
    """Show all providers and the presets; with a chosen one also the form for a new provider."""
    preset = presets.find(request.args.get("preset", ""))
    if preset is None:
        return render_list(NEW)
    taken = {name.lower() for name in state.registry.now().entries}
    name = presets.free_name(preset.name, taken) if preset.name else ""
    return render_list(NEW | {"preset": preset.slug, "name": name, "url": preset.url})


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
    offered = {"presets": (*presets.PRESETS, presets.OTHER), "kinds": {kind: PROTOCOLS[kind] for kind in KINDS}}
    chosen = presets.find(form.get("preset", "")) or (presets.OTHER if problem else None)
    said = {"problem": problem, "done": notices.read(NOTICES)}
    return render_template("admin/models.html", entries=entries, form=form, chosen=chosen, **offered, **said)


def render_provider(entry: ProviderEntry, form: dict[str, str], problem: str = "") -> str:
    content = describe(entry)
    problem, done = (problem, "") if problem else outcome(entry, content["wrong"])
    said = {"problem": problem, "done": done, "saved": notices.read(offer.SAVED)}
    return render_template(
        "admin/provider.html", **content, **offer.search(content["models"], content["hidden"]), form=form, **said
    )


def outcome(entry: ProviderEntry, wrong: str) -> tuple[str, str]:
    """Return what is wrong with a provider, or else the notice about the last action: never both."""
    done = request.args.get("done", "")
    if wrong and entry.enabled:
        return f"{TESTED.get(done, TESTED['asked']).format(entry.name)} {wrong}", ""
    if done in TESTED and entry.enabled:
        return "", model_choice.connection_notice(entry.name)
    return "", notices.read(NOTICES)


def describe(entry: ProviderEntry) -> dict[str, Any]:
    """Return what a page shows of a provider. It lists the models first: that finds out what is wrong."""
    known, models, others = state.registry.now(), entry.models(), entry.others()
    shown = {model for provider, model in known.shown if provider == entry.name}
    hidden = {model for provider, model in known.hidden if provider == entry.name}
    hidden |= {model.id for model in others} - shown
    models = models + others
    first = next(iter(model_choice.options()), None)  # the one that new chats begin with
    return {
        "entry": entry,
        "protocol": PROTOCOLS.get("demo" if entry.is_demo else entry.kind, entry.kind),
        "wrong": entry.problem(),
        "unneeded": entry.is_demo and model_choice.needs_no_demo(),
        "models": models,
        "others": others,
        "hidden": hidden,
        "on": [model for model in models if model.id not in hidden],
        "first": first.model.id if first and first.provider == entry.name else "",
    }


@bp.post("")
def add() -> Response:
    """Store a provider and test it: one that works leads to the first page, the others to what is wrong with them."""
    form = read_form(request.form)
    records.add(state.registry, current_user.require_operator(), form)
    if works(form.name):
        return lead_to_chat(form.name)
    return lead_to(form.name, "saved")


def works(name: str) -> bool:
    """Fetch a provider's list of models; return whether there are models to choose."""
    entry = state.registry.find(name)
    entry.refresh()
    return bool(entry.models()) and not entry.problem()


def lead_to_chat(name: str) -> Response:
    """Lead to a new conversation with a model of the provider."""
    return urls.lead_to(f"/?connected={quote(name)}")


def lead_to(name: str, done: str) -> Response:
    return notices.lead_to(f"/admin/models/{quote(name)}", done)


@bp.post("/<name>")
def change(name: str) -> Response:
    """Store and test a change; who mends a provider goes on to the first page, as after connecting one."""
    before = state.registry.find(name)
    if before.kind not in KINDS:
        raise NotFound
    was_broken = bool(before.problem())
    records.change(state.registry, current_user.require_operator(), read_form(request.form, name, before.kind))
    if works(name) and was_broken:
        return lead_to_chat(name)
    return lead_to(name, "saved")


@bp.post("/<name>/state")
def set_enabled(name: str) -> Response:
    records.set_enabled(state.registry, current_user.require_operator(), name, "on" in request.form)
    return lead_to(name, "changed")


@bp.post("/<name>/asking")
def ask_again(name: str) -> Response:
    """Fetch a provider's list of models now."""
    state.registry.find(name).refresh()
    return lead_to(name, "asked")


@bp.post("/<name>/offer")
def save_models(name: str) -> Response:
    """Turn models on and off, and choose the default."""
    changes = offer.read_changes(state.registry.find(name), request.form)
    records.save_models(state.registry, current_user.require_operator(), name, changes.on, changes.off, changes.default)
    query = {"done": "listed" if changes.unlisted else "models", "q": request.form.get("q", "")}
    return urls.lead_to(f"/admin/models/{quote(name)}?{urlencode(query)}#models")


@bp.post("/<name>/deletion")
def delete(name: str) -> Response:
    records.remove(state.registry, current_user.require_operator(), name)
    return notices.lead_to("/admin/models", "deleted")
