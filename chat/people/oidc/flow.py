"""One sign-in: what a browser takes along to a provider, who comes back, and what can go wrong."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Flow:
    """What a browser takes along to the provider and back: random values, for one sign-in alone."""

    redirect_uri: str
    state: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))


@dataclass(frozen=True)
class Identity:
    """Who somebody is elsewhere: `subject` is issuer and number there; only an e-mail that is `verified` decides."""

    subject: str
    email: str = ""
    verified: bool = False
    name: str = ""


class VerificationFailed(Exception):
    """A sign-in can't be verified; the text says what to do."""


class ProviderUnavailable(Exception):
    """The provider can't be used now, or not as it is set up; the text is for the user."""

    def __init__(self) -> None:
        super().__init__(
            "Single sign-on can't be used just now. Try again in a moment; the log of this Rivulet says why."
        )
