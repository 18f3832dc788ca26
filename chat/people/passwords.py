"""Passwords: how they are stored, compared, and judged.

argon2id as OWASP recommends: 19 MiB, two passes, one lane. Hashing takes 50 ms of a processor and that memory, and
judging a password up to ten times as long. So both run beside the greenlets, and few at a time.

Keyboards compose the same letter in several ways, so a password is hashed in one form (NIST SP 800-63B, NFKC).
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Callable
from functools import cache
from typing import TypeVar
from unicodedata import normalize

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from chat.server import greenlets

SHORTEST, LONGEST = 8, 1024

HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
HASHING_SLOTS = threading.BoundedSemaphore(2)

LEAST_SCORE = 2
"""The least score, of 4: more than a million guesses."""

JUDGED_LENGTH = 32
"""How many characters zxcvbn judges; more can only be harder. 72 hostile characters take it 2 s, 32 take 0.4."""

JUDGE_LOCK = threading.Lock()
"""Held while a password is judged: zxcvbn keeps the words of one call where the next call would find them."""

OURS = "rivulet"

T = TypeVar("T")


class BadPassword(Exception):
    """A password can't be used; the text says what to change."""

    field = "password"


def require_good(password: str, *known: str) -> None:
    """Raise BadPassword if a password is too short, too long or easy to guess.

    `known` is what others can know of its owner: email address, name. Not within a transaction: judging takes long.
    """
    if len(password) > LONGEST:
        raise BadPassword(f"Use at most {LONGEST:,} characters.")
    password = normalize("NFKC", password)
    if len(password) < SHORTEST:
        raise BadPassword(f"Use at least {SHORTEST} characters.")
    if re.search("[\ud800-\udfff]", password):
        raise BadPassword("The password contains an invalid character.")
    if is_guessable(password, *known):
        raise BadPassword("This password is too easy to guess. Choose another one.")


def is_guessable(password: str, *known: str) -> bool:
    """Return whether an attacker who knows common passwords and `known` would soon guess a password."""
    words = [word for text in (OURS, *known) for part in (text, *text.split("@")) for word in words_of(part)]
    with JUDGE_LOCK:
        return run_aside(lambda: score(password[:JUDGED_LENGTH], words)) < LEAST_SCORE


def words_of(text: str) -> list[str]:
    """List what a password can be made of: a text, the same without signs, and its words."""
    words = re.findall(r"[^\W_]+", text)
    return [text[:JUDGED_LENGTH], "".join(words)[:JUDGED_LENGTH], *words]


def score(password: str, words: list[str]) -> int:
    """Score how hard a password is to guess: 0 to 4."""
    from zxcvbn import zxcvbn  # 14 MB of words: load them only when somebody chooses a password

    return int(zxcvbn(password, user_inputs=words)["score"])


def hash_password(password: str) -> str:
    """Hash a password. Not within a transaction: it takes long."""
    return run_aside(lambda: HASHER.hash(normalize("NFKC", password)))


def matches(stored: str | None, password: str) -> bool:
    """Return whether a password has the stored hash; without a hash it is False, after the same work."""
    if len(password) > LONGEST:
        return False
    typed = normalize("NFKC", password)
    return run_aside(lambda: verify_hash(stored or dummy_hash(), typed)) and stored is not None


def verify_hash(stored: str, password: str) -> bool:
    try:
        return HASHER.verify(stored, password)
    except (Argon2Error, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """Return whether a hash has other parameters than today's."""
    return HASHER.check_needs_rehash(stored)


@cache
def dummy_hash() -> str:
    """Hash a random password, to be compared with when there is no account."""
    return HASHER.hash(secrets.token_urlsafe(32))


def run_aside(work: Callable[[], T]) -> T:
    """Run work that takes long and much memory beside the greenlets, two at a time."""
    with HASHING_SLOTS:
        return greenlets.run_in_thread(work)
