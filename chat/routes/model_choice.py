"""The models a person may choose from: what the configured providers offer."""

from __future__ import annotations

from dataclasses import dataclass

from chat.conversations import Choice
from chat.providers.base import Model
from chat.registry import ProviderRegistry
from chat.web import state

GONE = "That model is not on offer here any more. Choose another one and send again."


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


def services() -> ProviderRegistry:
    """Give the providers that are set up."""
    return state.registry()


def options() -> list[ModelOption]:
    """List the models of working providers that are turned on, the one to begin with first."""
    known = services().now()
    offered = [
        ModelOption(f"{name}/{model.id}", name, model)
        for name, provider in known.providers.items()
        if provider.working
        for model in known.models(name)
    ]
    return sorted(offered, key=lambda offer: offer.value != known.default)


def problems() -> list[str]:
    """List what providers say is wrong with them."""
    return [sentence for provider in services().now().providers.values() if (sentence := provider.problem())]


def require_enabled(choice: Choice) -> None:
    """Raise UnknownModel for a model that was turned off: also a Continue asks for more of it."""
    if (choice.provider, choice.model) in services().now().hidden:
        raise UnknownModel(GONE)


def choose(value: str) -> Choice:
    """Find a choice among the offers; empty is the first one. Raises NoModel, UnknownModel and DatabaseAway."""
    offered = options()
    if not any(value in {"", offer.value} for offer in offered):
        ask_again()
        offered = options()
    if not offered:
        services().require_known()
        raise NoModel(
            " ".join(problems())
            or "No model is set up here yet. Set OPENAI_API_KEY and start Rivulet again, or add one at /admin/models."
        )
    for offer in offered:
        if value in {"", offer.value}:
            return Choice(offer.provider, offer.model.id)
    raise UnknownModel(GONE)


def ask_again() -> None:
    """Let providers without a list ask for it once more: a server may have come up after us."""
    for provider in services().now().providers.values():
        if provider.problem():
            provider.ask_again()
