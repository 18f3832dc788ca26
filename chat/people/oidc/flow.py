"""One sign-in: what the browser carries to the provider and back, the identity, and what can go wrong."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Flow:
    """The random values of one sign-in, which the browser carries to the provider and back."""

    redirect_uri: str
    state: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))


@dataclass(frozen=True)
class Identity:
    """An identity at a provider: `subject` is issuer and id; only a `verified` email address finds an account."""

    subject: str
    email: str = ""
    verified: bool = False
    name: str = ""


class VerificationFailed(Exception):
    """A sign-in can't be verified; the text says what to do."""


class ProviderUnavailable(Exception):
    """The provider can't be reached, or is misconfigured; the text is for the user."""

    def __init__(self) -> None:
        super().__init__("Single sign-on is unavailable. Try again in a moment; the server log has details.")
