"""Test encryption: a stored secret opens only with the right key, beside its own record."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chat.config.secret_key import derive_key
from chat.registry.encryption import DecryptionError, SecretBox

OLD, NEW, OTHER = "old-secret-" * 4, "new-secret-" * 4, "other-secret-" * 4
HOST = "https://models.test/v1"


def test_a_value_is_opened_by_the_secret_that_closed_it_and_is_not_to_be_read_without() -> None:
    token = SecretBox([NEW]).encrypt("sk-the-key-itself", HOST)

    assert SecretBox([NEW]).decrypt(token, HOST) == "sk-the-key-itself"
    assert "the-key" not in token and b"the-key" not in base64.urlsafe_b64decode(token)


@pytest.mark.parametrize("secrets", [[OTHER], [OTHER, OLD]])
def test_another_secret_opens_nothing(secrets: list[str]) -> None:
    token = SecretBox([NEW]).encrypt("sk-the-key-itself", HOST)

    with pytest.raises(DecryptionError):
        SecretBox(secrets).decrypt(token, HOST)


def test_a_key_opens_only_beside_the_address_it_was_entered_for() -> None:
    """Hold LB 24-37895, NC 26-82639: an attacker who changes the address in the database doesn't receive the key."""
    token = SecretBox([NEW]).encrypt("sk-the-key-itself", HOST)

    with pytest.raises(DecryptionError):
        SecretBox([NEW]).decrypt(token, "https://models.test.evil.example/v1")


@pytest.mark.parametrize("token", ["", "nonsense", "gAAAA", "é", "x" * 10_000])
def test_what_is_no_closed_value_is_locked_and_breaks_nothing(token: str) -> None:
    box = SecretBox([NEW])

    with pytest.raises(DecryptionError):
        box.decrypt(token, HOST)
    assert not box.is_current(token)


def test_a_value_that_was_tampered_with_is_locked() -> None:
    token = SecretBox([NEW]).encrypt("sk-the-key-itself", HOST)
    middle = len(token) // 2

    with pytest.raises(DecryptionError):
        SecretBox([NEW]).decrypt(token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :], HOST)


def test_after_a_rotation_the_old_value_opens_and_a_new_one_needs_the_new_secret_alone() -> None:
    token = SecretBox([OLD]).encrypt("sk-the-key-itself", HOST)
    rotated = SecretBox([NEW, OLD])

    again = rotated.encrypt(rotated.decrypt(token, HOST), HOST)

    assert not rotated.is_current(token) and rotated.is_current(again)
    assert SecretBox([NEW]).decrypt(again, HOST) == "sk-the-key-itself"


def test_the_same_value_is_closed_differently_each_time() -> None:
    box = SecretBox([NEW])

    assert box.encrypt("sk-the-key-itself", HOST) != box.encrypt("sk-the-key-itself", HOST)


def test_each_purpose_has_a_key_of_its_own() -> None:
    """Hold LC 25-41258: one service's signature is useless for another."""
    keys = {derive_key(secret, purpose) for secret in (OLD, NEW) for purpose in ("vault", "addresses")}

    assert len(keys) == 4 and {len(key) for key in keys} == {32}
    assert derive_key(NEW, "vault") == derive_key(NEW, "vault")


def test_a_key_of_one_purpose_is_derived_as_rfc_5869_says() -> None:
    theirs = HKDF(SHA256(), 32, salt=None, info=b"rivulet vault").derive(NEW.encode())

    assert derive_key(NEW, "vault") == theirs
