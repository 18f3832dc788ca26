"""Outcomes: a reply ends complete, stopped, interrupted (with some text) or failed, with a sentence that says why."""

from __future__ import annotations

from dataclasses import dataclass

from chat.providers.finish_reasons import Finish

BROKEN = "Something went wrong on the server. Try again; the server log has details."
UNKNOWN = "This model's provider has been removed. Choose another model."
GIVEN_UP = "This answer was interrupted three times, so Rivulet stopped retrying. Everything up to here is saved."


@dataclass(frozen=True)
class Outcome:
    """A reply's state, the sentence for users if it isn't whole, and the kind of error to count."""

    state: str
    error: str | None = None
    kind: str = ""


STOPPED = Outcome("stopped")


def finish(found: Finish, text: str) -> Outcome:
    """Return the outcome of a reply whose provider has finished."""
    if not text.strip():
        return fail(found.without_text, "Empty", text)
    if found.broke_off:
        return fail(found.after_text, "Interrupted", text)
    return Outcome("complete", found.after_text or None)


def fail(sentence: str, kind: str, text: str) -> Outcome:
    """Return the outcome of a reply that broke off after some text, or before any."""
    return Outcome("interrupted" if text.strip() else "failed", sentence, kind)
