"""Encryption of stored values.

A value is encrypted together with its owner: a provider's key with the provider's address. So an attacker who can write
to the database, but doesn't know SECRET_KEY, can't have a key sent to another address.
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


class DecryptionError(Exception):
    """A stored value can't be decrypted: SECRET_KEY has changed, or the value has another owner."""


class SecretBox:
    """Encrypts with the first of some secrets, and decrypts with any of them."""

    def __init__(self, secrets: Sequence[str]):
        self._secrets = secrets

    @cached_property
    def _keys(self) -> list[Fernet]:
        from cryptography.fernet import Fernet  # 7 MB: load it only if a key is stored

        return [Fernet(base64.urlsafe_b64encode(derive_key(secret, "vault"))) for secret in self._secrets]

    def encrypt(self, value: str, owner: str) -> str:
        return self._keys[0].encrypt(json.dumps([owner, value]).encode()).decode()

    def decrypt(self, token: str, owner: str) -> str:
        """Decrypt a value of an owner. Raises DecryptionError."""
        from cryptography.fernet import InvalidToken, MultiFernet

        try:
            encrypted_for, value = json.loads(MultiFernet(self._keys).decrypt(token))
        except (InvalidToken, ValueError, TypeError) as error:
            raise DecryptionError from error
        if encrypted_for != owner:
            raise DecryptionError
        return value

    def is_current(self, token: str) -> bool:
        """Return whether the newest secret encrypted a value."""
        from cryptography.fernet import InvalidToken

        try:
            self._keys[0].decrypt(token)
        except (InvalidToken, ValueError):
            return False
        return True
