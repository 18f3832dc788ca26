"""The models a person may choose from: what the configured providers offer."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g

from chat.conversations import Choice
from chat.providers.base import Model
from chat.web.state import state

NOT_OFFERED = "That model is not on offer here any more. Choose another one and send again."


@dataclass(frozen=True)
class ModelOption:
    """One line of the picker."""

    value: str
    provider: str
    model: Model


class UnknownModel(Exception):
    """Nobody offers the model that was asked for."""


class NoModel(Exception):
    """No model is set up at all."""


def options() -> list[ModelOption]:
    """List the models of working providers that are turned on, the one to begin with first; once a request."""
    if "options" not in g:
        g.options = list_options()
    return g.options


def list_options() -> list[ModelOption]:
    """List them as they are now."""
    known = state.registry.now()
    found = [
        ModelOption(f"{name}/{model.id}", name, model)
        for name, provider in known.providers.items()
        if provider.working
        for model in known.models(name)
    ]
    return sorted(found, key=lambda option: option.value != known.default)


def problems() -> list[str]:
    """List what providers say is wrong with them."""
    return [sentence for provider in state.registry.now().providers.values() if (sentence := provider.problem())]


def require_enabled(choice: Choice) -> None:
    """Raise UnknownModel for a model that was turned off: also a Continue asks for more of it."""
    if (choice.provider, choice.model) in state.registry.now().hidden:
        raise UnknownModel(NOT_OFFERED)


def choose(value: str) -> Choice:
    """Find a choice among the options; empty is the first one. Raises NoModel, UnknownModel and DatabaseAway."""
    choice = find_choice(value)
    if choice:
        return choice
    ask_again()
    g.options = list_options()
    if choice := find_choice(value):
        return choice
    if g.options:
        raise UnknownModel(NOT_OFFERED)
    state.registry.require_known()
    raise NoModel(
        " ".join(problems())
        or "No model is set up here yet. Set OPENAI_API_KEY and start Rivulet again, or add one at /admin/models."
    )


def find_choice(value: str) -> Choice | None:
    """Find the option of a value; empty is the first one."""
    found = next((option for option in options() if value in {"", option.value}), None)
    return Choice(found.provider, found.model.id) if found else None


def ask_again() -> None:
    """Let providers without a list ask for it once more: a server may have come up after us."""
    for provider in state.registry.now().providers.values():
        if provider.problem():
            provider.ask_again()
