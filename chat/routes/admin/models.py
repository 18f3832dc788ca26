"""Models and providers, as admins set them up, turn them off and on, and choose the one to begin with."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from chat.registry import InvalidProvider, ProviderEntry
from chat.registry.form import KINDS, read_form
from chat.routes.model_choice import services
from chat.storage.database import NotFound
from chat.web import current_user, urls

NEW = {"name": "", "kind": "openai", "url": ""}
PROTOCOLS = {
    "openai": "OpenAI and all that speak as it does",
    "aivvm": "chatbot-ui v1 (Aivvm)",
    "environment": "Set up by the environment",
}
DONE = {
    "added": "The provider is there.",
    "changed": "That is changed, for answers that begin from now on.",
    "deleted": "The provider is deleted.",
    "asked": "It was asked again.",
}

bp = Blueprint("admin_models", __name__, url_prefix="/admin/models")


@bp.before_request
def look() -> None:
    """See what is stored now: another worker may have made a change a moment ago, and led here."""
    services().refresh()


@bp.get("")
def index() -> str:
    """Show all providers, and a form for another one."""
    return render_list(NEW)


@bp.get("/<name>")
def show(name: str) -> str:
    """Show one provider and its models."""
    service = services().find(name)
    better = service.provider.better if service.provider else ""
    return render_provider(service, {"url": better or service.url})


@bp.errorhandler(InvalidProvider)
def refuse(error: InvalidProvider) -> tuple[str, int]:
    """Say what is wrong with what was entered, and keep it, but for the key."""
    form = NEW | {field: text for field, text in request.form.items() if field != "key"}
    name = (request.view_args or {}).get("name")
    page = (
        render_provider(services().find(name), form, problem=str(error))
        if name
        else render_list(form, problem=str(error))
    )
    return page, 400


def render_list(form: dict[str, str], problem: str = "") -> str:
    """Make the page of all providers."""
    told = [describe(service) for service in services().now().entries.values()]
    kinds = {kind: PROTOCOLS[kind] for kind in KINDS}
    return render_template("admin/models.html", told=told, form=form, kinds=kinds, problem=problem, done=done())


def render_provider(service: ProviderEntry, form: dict[str, str], problem: str = "") -> str:
    """Make the page of one provider."""
    return render_template("admin/provider.html", **describe(service), form=form, problem=problem, done=done())


def describe(service: ProviderEntry) -> dict[str, Any]:
    """Tell of a provider: its models first, as asking for them finds out what is wrong."""
    known, models = services().now(), service.models()
    others = service.others()
    shown = {model for provider, model in known.shown if provider == service.name}
    hidden = {model for provider, model in known.hidden if provider == service.name}
    hidden |= {model.id for model in others} - shown
    models = models + others
    on = [model for model in models if model.id not in hidden]
    wrong, first = service.problem(), known.default.removeprefix(f"{service.name}/")
    protocol = PROTOCOLS.get(service.kind, service.kind)
    told = {"models": models, "hidden": hidden, "on": on, "wrong": wrong, "protocol": protocol, "others": others}
    return told | {"service": service, "first": first if first != known.default else ""}


def done() -> str:
    """Tell what was done just before."""
    return DONE.get(request.args.get("done", ""), "")


@bp.post("")
def add() -> Response:
    """Set up a provider."""
    new = read_form(request.form)
    services().add(current_user.require_admin(), new)
    return back(new.name, "added")


@bp.post("/<name>")
def change(name: str) -> Response:
    """Change the address or the key of a provider."""
    kind = services().find(name).kind
    if kind not in KINDS:
        raise NotFound
    services().change(current_user.require_admin(), read_form(request.form, name, kind))
    return back(name, "changed")


@bp.post("/<name>/state")
def switch(name: str) -> Response:
    """Turn a provider on or off."""
    services().set_enabled(current_user.require_admin(), name, "on" in request.form)
    return back(name, "changed")


@bp.post("/<name>/asking")
def ask_again(name: str) -> Response:
    """Find out now whether a provider can be reached, and what it offers."""
    services().find(name).refresh()
    return back(name, "asked")


@bp.post("/<name>/offer")
def offer(name: str) -> Response:
    """Turn one of its models on or off, or make it the one to begin with: the button that was pressed says which."""
    admin, form = current_user.require_admin(), request.form
    if "first" in form:
        services().set_default_model(admin, name, form["first"])
    else:
        services().set_model_enabled(admin, name, form.get("on", form.get("off", "")), "on" in form)
    return back(name, "changed")


@bp.post("/<name>/deletion")
def delete(name: str) -> Response:
    """Delete a provider that an admin set up."""
    services().remove(current_user.require_admin(), name)
    return urls.lead_to("/admin/models?done=deleted")


def back(name: str, done: str) -> Response:
    """Lead to the page of a provider."""
    return urls.lead_to(f"/admin/models/{name}?done={done}")
