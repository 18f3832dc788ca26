"""What is taken along to a provider, and who comes back."""

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
