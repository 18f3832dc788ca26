"""The form of a provider's models: search it, and read what changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from flask import request
from werkzeug.datastructures import MultiDict

from chat.providers.base import Model
from chat.registry.snapshot import ProviderEntry

SAVED = {
    "models": "Saved. Applies to new answers.",
    "listed": "Saved, except for models that aren't listed any more.",
}
"""What the page says after a save."""

MOST_SHOWN = 300
"""How many models a page shows; a search finds the others."""


class Changes(NamedTuple):
    """What to turn on and off, the new default, and whether the provider lacks one of them by now."""

    on: list[str]
    off: list[str]
    default: str
    unlisted: bool


def search(models: Sequence[Model], hidden: Collection[str]) -> dict[str, Any]:
    """Return the models that match the words of `q`, and which of them are ticked: `all` ticks or clears them."""
    words = request.args.get("q", "").casefold().split()
    found = [model for model in models if all(word in f"{model.id} {model.name}".casefold() for word in words)]
    shown = found[:MOST_SHOWN]
    was = [model.id for model in shown if model.id not in hidden]
    mark = request.args.get("all", "")
    marked = {"on": [model.id for model in shown], "off": []}.get(mark, was)
    return {"q": " ".join(words), "found": found, "shown": shown, "was": was, "marked": marked, "all": mark}


def read_changes(entry: ProviderEntry, form: MultiDict[str, str]) -> Changes:
    """Compare a form with how it was shown: the rest stays as others left it, or as a search hid it.

    A model that becomes the default is turned on.
    """
    first = form.get("first", "") if form.get("first") != form.get("was_first", "") else ""
    was, ticked = set(form.get("was", "").splitlines()), {*form.getlist("on"), first} - {""}
    listed = [model.id for model in (*entry.models(), *entry.others())]
    on, off = ([model for model in listed if model in changed] for changed in (ticked - was, was - ticked))
    unlisted = bool(((ticked ^ was) | {first}) - {"", *listed})
    return Changes(on, off, first if first in listed else "", unlisted)
