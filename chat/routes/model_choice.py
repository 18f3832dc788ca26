"""The models that a person can choose."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g

from chat.conversations import Choice, Reply
from chat.providers.base import Model
from chat.web import current_user
from chat.web.state import state

NOT_OFFERED = "That model is no longer available. Choose another one."
NO_MODEL = "No model is connected yet."
NONE_WORKS = "No model is available."
UNAVAILABLE = "No model is available yet. Ask your admin."


@dataclass(frozen=True)
class ModelOption:
    """One line of the picker."""

    value: str
    provider: str
    model: Model
    is_demo: bool = False


class UnknownModel(Exception):
    """No provider offers the requested model."""


class NoModel(Exception):
    """No model is set up."""


def options() -> list[ModelOption]:
    """List the enabled models of working providers, the default first; once a request.

    Demo models come last, or with LOCAL_MODEL=auto only where there are no others.
    """
    if "options" not in g:
        known = state.registry.now()
        found = [
            ModelOption(f"{name}/{model.id}", name, model, provider.demo)
            for name, provider in known.providers.items()
            if provider.working
            for model in known.models(name)
        ]
        if state.settings.local_model == "auto":
            found = [option for option in found if not option.is_demo] or found
        g.options = sorted(found, key=lambda option: (option.value != known.default, option.is_demo))
    return g.options


def has_only_demo() -> bool:
    return bool(options()) and all(option.is_demo for option in options())


def needs_no_demo() -> bool:
    return state.settings.local_model == "auto" and not all(option.is_demo for option in options())


def first_of(provider: str) -> ModelOption | None:
    """Return the model of a provider that a new conversation begins with."""
    return next((option for option in options() if option.provider == provider), None)


def option_of(reply: Reply) -> ModelOption | None:
    """Return the model that wrote a reply, if it is still on offer."""
    own = reply.provider, reply.model
    return next((option for option in options() if (option.provider, option.model.id) == own), None)


def connection_notice(provider: str) -> str:
    """Return that a provider is connected, with the number of its models that people can choose."""
    if count := len(state.registry.now().models(provider)):
        return f"{provider} is connected: {count} {'model' if count == 1 else 'models'}."
    return f"{provider} is connected, but none of its models looks like a chat model. You can turn one on below."


def problems() -> dict[str, str]:
    """Return for the operator what is wrong with the providers in use, by name."""
    entries = [entry for entry in state.registry.now().entries.values() if entry.enabled]
    used = [entry for entry in entries if not (entry.is_demo and needs_no_demo())]
    return {entry.name: sentence for entry in used if (sentence := entry.problem())}


def require_enabled(reply: Reply) -> None:
    """Raise UnknownModel if an admin has disabled the reply's model."""
    if (reply.provider, reply.model) in state.registry.now().hidden:
        raise UnknownModel(NOT_OFFERED)


def choose(value: str) -> Choice:
    """Return the choice with a value; "" is the default. Raises NoModel, UnknownModel and DatabaseAway."""
    for list_options in (options, ask_again):
        for option in list_options():
            if value in {"", option.value}:
                return Choice(option.provider, option.model.id)
    if options():
        raise UnknownModel(NOT_OFFERED)
    state.registry.require_known()
    raise NoModel(why_none())


def why_none() -> str:
    """Return why there is no model; only operators read what is wrong with which server."""
    if not current_user.is_operator():
        return UNAVAILABLE
    found = [f"{name}: {problem}" for name, problem in problems().items()]
    return " ".join([NONE_WORKS, *found]) if found else NO_MODEL


def ask_again() -> list[ModelOption]:
    """Make providers without a list request it again, in case their server has come up; list the options again."""
    for provider in state.registry.now().providers.values():
        if provider.problem():
            provider.ask_again()
    del g.options
    return options()
