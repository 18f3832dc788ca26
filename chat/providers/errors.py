"""The errors of a provider.

ProviderError               the answer failed; the message is a sentence for the user
├── BadKey                  the API key is missing or was rejected
├── RateLimited             too many requests, or no credit left
├── ContextTooLong          the conversation does not fit the model's context window
├── ModelNotFound           the provider does not have this model (also a ValueError)
├── Unavailable             the provider can't be reached, is overloaded or broken
├── Refused                 the provider rejected this request
└── Interrupted             the answer broke off after some text
"""

from __future__ import annotations

import re

ASK = re.compile(r"Ask your admin to (\w)")
"""How the advice in a sentence begins that only an admin can follow."""


class ProviderError(Exception):
    """The answer failed; the message is a sentence for the user without addresses, and `cause` one for the log."""

    cause = ""


class BadKey(ProviderError):
    """The provider needs an API key that is not set, or rejected the one it got."""


class RateLimited(ProviderError):
    """The provider limits requests; `retry_after` is in seconds, or None if it did not say."""

    def __init__(self, sentence: str, retry_after: float | None = None):
        super().__init__(sentence)
        self.retry_after = retry_after


class ContextTooLong(ProviderError):
    """The conversation is longer than the model's `window` in tokens (None if the server did not say)."""

    def __init__(self, sentence: str, window: int | None = None):
        super().__init__(sentence)
        self.window = window


class ModelNotFound(ProviderError, ValueError):
    """The provider has no model of that name."""


class Unavailable(ProviderError):
    """The provider can't be reached, is overloaded or broken; a retry can succeed."""


class Refused(ProviderError):
    """The provider understood the request and rejected it."""


class Interrupted(ProviderError):
    """The answer broke off after some text."""


def for_admin(sentence: str) -> str:
    """Address a sentence's advice to the admin: "Ask your admin to check it." becomes "Check it."."""
    return ASK.sub(lambda found: found[1].upper(), sentence)
