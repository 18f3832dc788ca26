"""The vault: what is stored closed, and opened only where it is used.

A value is closed together with what it belongs to (a provider's key with its address): who can write to the database,
but doesn't know SECRET_KEY, can't have a key sent elsewhere.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from chat.config.secret_key import derive_key

if TYPE_CHECKING:
    from cryptography.fernet import Fernet


class Locked(Exception):
    """A stored value can't be opened: SECRET_KEY is another one, or the value belongs to something else."""


class Vault:
    """Closes values by the first of some secrets, and opens what any of them closed."""

    def __init__(self, secrets: Sequence[str]):
        self._secrets = secrets

    @cached_property
    def _keys(self) -> list[Fernet]:
        from cryptography.fernet import Fernet  # 7 MB, which who stores no key doesn't need

        return [Fernet(base64.urlsafe_b64encode(derive_key(secret, "vault"))) for secret in self._secrets]

    def closed(self, value: str, owner: str) -> str:
        """Close a value for its owner."""
        return self._keys[0].encrypt(json.dumps([owner, value]).encode()).decode()

    def opened(self, token: str, owner: str) -> str:
        """Open a value of this owner. Raises Locked."""
        from cryptography.fernet import InvalidToken, MultiFernet

        try:
            whose, value = json.loads(MultiFernet(self._keys).decrypt(token))
        except (InvalidToken, ValueError, TypeError) as error:
            raise Locked from error
        if whose != owner:
            raise Locked
        return value

    def is_new(self, token: str) -> bool:
        """Tell whether a value was closed by the newest secret."""
        from cryptography.fernet import InvalidToken

        try:
            self._keys[0].decrypt(token)
        except (InvalidToken, ValueError):
            return False
        return True
