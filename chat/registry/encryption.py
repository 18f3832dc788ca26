"""What is stored encrypted, and decrypted only where it is used.

A value is encrypted together with its owner (a provider's key with the provider's address). So somebody who can write
to the database, but doesn't know SECRET_KEY, can't have a key sent elsewhere.
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
    """A stored value can't be decrypted: SECRET_KEY is another one, or the value belongs to something else."""


class SecretBox:
    """Encrypts values with the first of some secrets, and decrypts what any of them encrypted."""

    def __init__(self, secrets: Sequence[str]):
        self._secrets = secrets

    @cached_property
    def _keys(self) -> list[Fernet]:
        from cryptography.fernet import Fernet  # 7 MB, which who stores no key doesn't need

        return [Fernet(base64.urlsafe_b64encode(derive_key(secret, "vault"))) for secret in self._secrets]

    def encrypt(self, value: str, owner: str) -> str:
        """Encrypt a value for its owner."""
        return self._keys[0].encrypt(json.dumps([owner, value]).encode()).decode()

    def decrypt(self, token: str, owner: str) -> str:
        """Decrypt a value of this owner. Raises DecryptionError."""
        from cryptography.fernet import InvalidToken, MultiFernet

        try:
            whose, value = json.loads(MultiFernet(self._keys).decrypt(token))
        except (InvalidToken, ValueError, TypeError) as error:
            raise DecryptionError from error
        if whose != owner:
            raise DecryptionError
        return value

    def is_current(self, token: str) -> bool:
        """Tell whether a value was encrypted with the newest secret."""
        from cryptography.fernet import InvalidToken

        try:
            self._keys[0].decrypt(token)
        except (InvalidToken, ValueError):
            return False
        return True
