"""The models a person may choose from: what the configured providers offer."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app

from chat.conversations import Choice
from chat.providers.base import AbstractProvider, Model


@dataclass(frozen=True)
class Offer:
    """One line of the picker."""

    value: str
    provider: str
    model: Model


class UnknownModel(Exception):
    """Nobody offers the model that was asked for."""


class NoModel(Exception):
    """No model is set up at all."""


def providers() -> dict[str, AbstractProvider]:
    """Give the providers that are set up, by name."""
    return current_app.extensions["providers"]


def offers() -> list[Offer]:
    """List all models of working providers."""
    return [
        Offer(f"{name}/{model.id}", name, model)
        for name, provider in providers().items()
        if provider.working
        for model in provider.models()
    ]


def problems() -> list[str]:
    """List what providers say is wrong with them."""
    return [sentence for provider in providers().values() if (sentence := provider.problem())]


def chosen(value: str) -> Choice:
    """Find a choice among the offers; empty is the first one. Raises NoModel and UnknownModel."""
    offered = offers()
    if not offered:
        raise NoModel(
            " ".join(problems()) or "No model is set up here yet. Set OPENAI_API_KEY and start Rivulet again."
        )
    for offer in offered:
        if value in {"", offer.value}:
            return Choice(offer.provider, offer.model.id)
    raise UnknownModel("That model is not on offer here any more. Choose another one and send again.")
