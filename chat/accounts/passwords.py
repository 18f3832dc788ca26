"""Passwords: how they are kept, compared, and which are good enough.

argon2id as OWASP recommends: 19 MiB, two passes, one lane. Hashing burns 50 ms of a processor and that memory, so it
happens beside the greenlets, and only so many at once.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from chat.serving.greenlets import is_under_gevent

SHORTEST, LONGEST = 8, 1024

HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
AT_ONCE = threading.BoundedSemaphore(2)

COMMON = Path(__file__).parent / "common.txt"
"""Words that passwords are most often made of: written by us, one a line, in lower case."""

LEET = str.maketrans("013457@$!", "oieastasi")
TAIL = 4
"""How many digits and signs around a common word leave it as easy to guess as it was."""

T = TypeVar("T")


class BadPassword(Exception):
    """A password can't be used; the text says what to change."""


def require_good(password: str) -> None:
    """Refuse what is too short, too long or too common; what it is made of is free. Raises BadPassword."""
    if len(password) < SHORTEST:
        raise BadPassword(f"The password is too short. {SHORTEST} characters are the least; a few words do well.")
    if len(password) > LONGEST:
        raise BadPassword(f"The password is too long. {LONGEST:,} characters are the most.")
    if is_common(password):
        raise BadPassword("That is one of the first passwords that anybody would try. Take a few words of your own.")


def is_common(password: str) -> bool:
    """Tell whether a password is a common word, or nearly: in other letters, with a few signs around it, or a run."""
    plain = password.lower()
    if len(set(plain)) < 4 or is_run(plain):
        return True
    read = {plain, core(plain), core(plain.translate(LEET))}
    guesses = read | {guess.translate(LEET) for guess in read}
    return any(guess in common() and len(plain) - len(guess) <= TAIL for guess in guesses)


def core(text: str) -> str:
    """Leave out the digits and signs around a word."""
    return re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text)


def is_run(text: str) -> bool:
    """Tell whether each character follows on the one before it, as in 12345678 or hgfedcba."""
    steps = {ord(after) - ord(before) for before, after in pairwise(text)}
    return len(steps) == 1


@cache
def common() -> frozenset[str]:
    """Read the common words."""
    return frozenset(COMMON.read_text().split())


def hashed(password: str) -> str:
    """Give what is kept of a password. Not within a transaction: it takes long."""
    return aside(lambda: HASHER.hash(password))


def matches(kept: str | None, password: str) -> bool:
    """Tell whether a password is the one that was kept; where none was, no, after the same work."""
    if len(password) > LONGEST:
        return False
    return aside(lambda: verified(kept or nobodys(), password)) and kept is not None


def verified(kept: str, password: str) -> bool:
    """Compare in place."""
    try:
        return HASHER.verify(kept, password)
    except (Argon2Error, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Tell whether a password was kept in a way that is no longer ours."""
    return HASHER.check_needs_rehash(kept)


@cache
def nobodys() -> str:
    """Keep a password that nobody knows, for who isn't known to be compared with."""
    return HASHER.hash(secrets.token_urlsafe(32))


def aside(work: Callable[[], T]) -> T:
    """Do what takes long in a thread of gevent's where it serves, so that its greenlets go on; else in place."""
    with AT_ONCE:
        if is_under_gevent():
            from gevent import get_hub

            return get_hub().threadpool.apply(work)
        return work()
