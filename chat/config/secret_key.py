"""The keys of an instance: SECRET_KEY, its fallbacks, and keys derived for each purpose."""

from __future__ import annotations

import functools
import hmac
import secrets
from contextlib import suppress
from pathlib import Path

from chat.config import Settings, WrongSetting, is_loopback
from chat.config.private_files import restrict_to_owner

SHORTEST_KEY = 32
FEWEST_SIGNS = 8
EXAMPLES = ("changeme", "change-me", "change_me", "your-own", "your-secret", "your_secret", "example", "replace-")
RANDOM = "Use at least 32 random characters, for example from `openssl rand -hex 32`."


def secret_keys(settings: Settings) -> list[str]:
    """Return the current key, then the fallbacks, which only verify and decrypt. Raises WrongSetting."""
    for key in settings.secret_key_fallbacks:
        require_strong("SECRET_KEY_FALLBACKS", key)
    return [secret_key(settings), *settings.secret_key_fallbacks]


def secret_key(settings: Settings) -> str:
    """Return SECRET_KEY; on loopback, create and store one if it isn't set. Raises WrongSetting."""
    key = settings.secret_key
    if key:
        require_strong("SECRET_KEY", key)
    elif not is_loopback(settings.host):
        raise WrongSetting(f"SECRET_KEY is required unless HOST is localhost. {RANDOM}")
    return key or read_or_create_key(settings.instance / "secret_key")


def require_strong(name: str, key: str) -> None:
    """Raise WrongSetting for a short or guessable key. Fallbacks must be as strong: they decrypt as much."""
    if len(key) < SHORTEST_KEY:
        raise WrongSetting(f"{name} is too short; use at least {SHORTEST_KEY} characters.")
    if len(set(key)) < FEWEST_SIGNS or any(word in key.lower() for word in EXAMPLES):
        raise WrongSetting(f"{name} is too easy to guess. {RANDOM}")


def read_or_create_key(path: Path) -> str:
    """Read the key in a file that only its owner can read; create it if it is missing. Raises WrongSetting."""
    try:
        if not path.exists():
            create_key(path)
        restrict_to_owner(path)
        key = path.read_text()
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise WrongSetting(f"SECRET_KEY isn't set, and none can be saved in {path} ({reason}). {RANDOM}") from error
    if len(key) < SHORTEST_KEY:
        raise WrongSetting(
            f"SECRET_KEY isn't set, and the key in {path} is incomplete. Delete the file or set SECRET_KEY."
        )
    return key


def create_key(path: Path) -> None:
    """Create a key file, unless another worker is faster: then its key stays."""
    made = path.with_name(f"secret_key.{secrets.token_hex(4)}")
    made.touch(mode=0o600)
    try:
        made.write_text(secrets.token_hex(32))
        with suppress(FileExistsError):
            path.hardlink_to(made)
    finally:
        made.unlink()


@functools.lru_cache
def derive_key(secret: str, purpose: str) -> bytes:
    """Derive a key of 32 bytes for one purpose; it reveals neither the other keys nor the secret.

    HKDF with SHA-256, no salt and one block (RFC 5869). Importing cryptography would cost every instance more memory.
    """
    extracted = hmac.digest(bytes(32), secret.encode(), "sha256")
    return hmac.digest(extracted, f"rivulet {purpose}".encode() + b"\x01", "sha256")
