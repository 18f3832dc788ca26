"""What may go wrong with a provider.

ProviderError               the reply can't be had; its text is a sentence for the person chatting
├── BadKey                  the key is missing, or was refused
├── RateLimited             too many requests, or no credit left
├── ContextTooLong          the conversation doesn't fit the model's window
├── ModelNotFound           the provider doesn't have that model (a ValueError, too)
├── Unavailable             the provider can't be reached, or is overloaded or broken
├── Refused                 the provider won't answer this request
└── Interrupted             the answer broke off; what came before it stands
"""

from __future__ import annotations


class ProviderError(Exception):
    """The reply can't be had; the message is a sentence for the person chatting. `cause` is one for the log."""

    cause = ""


class BadKey(ProviderError):
    """The provider wants a key that is not set, or refuses the one it got."""


class RateLimited(ProviderError):
    """The provider wants fewer requests; after `retry_after` seconds, None where it doesn't say."""

    def __init__(self, sentence: str, retry_after: float | None = None):
        super().__init__(sentence)
        self.retry_after = retry_after


class ContextTooLong(ProviderError):
    """The conversation is longer than the model can read: `window` tokens, None where the server didn't say."""

    def __init__(self, sentence: str, window: int | None = None):
        super().__init__(sentence)
        self.window = window


class ModelNotFound(ProviderError, ValueError):
    """The provider has no model of that name."""


class Unavailable(ProviderError):
    """The provider can't be reached, or is overloaded or broken; trying again may help."""


class Refused(ProviderError):
    """The provider understood the request and won't answer it."""


class Interrupted(ProviderError):
    """The answer broke off after it had begun."""
