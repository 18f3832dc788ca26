"""The models that a person can choose."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g

from chat.conversations import Choice, Reply
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
    """No provider offers the requested model."""


class NoModel(Exception):
    """No model is set up."""


def options() -> list[ModelOption]:
    """List the enabled models of working providers, the default first; once a request."""
    if "options" not in g:
        known = state.registry.now()
        found = [
            ModelOption(f"{name}/{model.id}", name, model)
            for name, provider in known.providers.items()
            if provider.working
            for model in known.models(name)
        ]
        g.options = sorted(found, key=lambda option: option.value != known.default)
    return g.options


def option_of(reply: Reply) -> ModelOption | None:
    """Return the model that wrote a reply, if it is still on offer."""
    own = reply.provider, reply.model
    return next((option for option in options() if (option.provider, option.model.id) == own), None)


def problems() -> list[str]:
    return [sentence for provider in state.registry.now().providers.values() if (sentence := provider.problem())]


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
    raise NoModel(
        " ".join(problems())
        or "No model is set up here yet. Set OPENAI_API_KEY and start Rivulet again, or add one at /admin/models."
    )


def ask_again() -> list[ModelOption]:
    """Make providers without a list request it again, in case their server has come up; list the options again."""
    for provider in state.registry.now().providers.values():
        if provider.problem():
            provider.ask_again()
    del g.options
    return options()
