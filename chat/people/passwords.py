"""Passwords: how they are kept, compared, and which are good enough.

argon2id as OWASP recommends: 19 MiB, two passes, one lane. Hashing burns 50 ms of a processor and that memory, and
judging a password up to ten times as long; so both happen beside the greenlets, and only so many at once.
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
AT_ONCE = threading.BoundedSemaphore(2)

LEAST_SCORE = 2
"""The least score, of 4: more than a million guesses."""

JUDGED_LENGTH = 32
"""How many characters are judged: the first ones, as the rest makes it harder. 72 hostile ones take 2 s, these 0.4."""

JUDGE_LOCK = threading.Lock()
"""Held while one is judged: zxcvbn keeps the words that it was given where the next one would find them."""

OURS = "rivulet"

T = TypeVar("T")


class BadPassword(Exception):
    """A password can't be used; the text says what to change."""


def require_good(password: str, *known: str) -> None:
    """Refuse what is too short, too long or easy to guess; what it is made of is free. Raises BadPassword.

    `known` is what others may know of its person: e-mail address, name. Not within a transaction: judging takes long.
    """
    if len(password) > LONGEST:
        raise BadPassword(f"The password is too long. {LONGEST:,} characters are the most.")
    password = normalize_password(password)
    if len(password) < SHORTEST:
        raise BadPassword(f"The password is too short. {SHORTEST} characters are the least; a few words do well.")
    if re.search("[\ud800-\udfff]", password):
        raise BadPassword("The password holds what is no character. Type it anew.")
    if is_guessable(password, *known):
        raise BadPassword("That is one of the first passwords that anybody would try. Take a few words of your own.")


def is_guessable(password: str, *known: str) -> bool:
    """Tell whether somebody who knows what most people take, and this of its person, would soon guess a password."""
    words = [word for text in (OURS, *known) for part in (text, *text.split("@")) for word in words_of(part)]
    with JUDGE_LOCK:
        return run_aside(lambda: score(password[:JUDGED_LENGTH], words)) < LEAST_SCORE


def words_of(text: str) -> list[str]:
    """Give what a password may be made of: a text, the same without signs, and its words."""
    words = re.findall(r"[^\W_]+", text)
    return [text[:JUDGED_LENGTH], "".join(words)[:JUDGED_LENGTH], *words]


def score(password: str, words: list[str]) -> int:
    """Judge in place how hard a password is to guess: 0 to 4."""
    from zxcvbn import zxcvbn  # 14 MB of words: loaded where somebody takes a password

    return int(zxcvbn(password, user_inputs=words)["score"])


def normalize_password(password: str) -> str:
    """Write a password in one form: keyboards put the same letter together in several ways (NIST SP 800-63B, NFKC)."""
    return normalize("NFKC", password)


def hash_password(password: str) -> str:
    """Give what is kept of a password. Not within a transaction: it takes long."""
    return run_aside(lambda: HASHER.hash(normalize_password(password)))


def matches(kept: str | None, password: str) -> bool:
    """Tell whether a password is the one that was kept; where none was, no, after the same work."""
    if len(password) > LONGEST:
        return False
    # The first versions kept passwords as they were typed.
    forms = dict.fromkeys([normalize_password(password), password])
    return run_aside(lambda: any(verify_hash(kept or dummy_hash(), form) for form in forms)) and kept is not None


def verify_hash(kept: str, password: str) -> bool:
    """Compare in place."""
    try:
        return HASHER.verify(kept, password)
    except (Argon2Error, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Tell whether a password was kept in a way that is no longer ours."""
    return HASHER.check_needs_rehash(kept)


@cache
def dummy_hash() -> str:
    """Keep a password that nobody knows, for who isn't known to be compared with."""
    return HASHER.hash(secrets.token_urlsafe(32))


def run_aside(work: Callable[[], T]) -> T:
    """Do what takes long and much memory beside the greenlets, only so much of it at once."""
    with AT_ONCE:
        return greenlets.run_in_thread(work)
