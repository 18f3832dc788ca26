"""Passwords: how they are kept, and which are refused."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest
from argon2 import PasswordHasher

from chat.accounts import passwords
from chat.accounts.passwords import BadPassword
from tests.serving import ROOT


def test_a_password_is_kept_by_argon2id_as_owasp_recommends() -> None:
    kept = passwords.hashed("a river bends twice")

    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.matches(kept, "a river bends twice") and not passwords.matches(kept, "a river bends once")
    assert not passwords.is_outdated(kept) and kept != passwords.hashed("a river bends twice")


def test_what_was_kept_by_other_parameters_is_outdated() -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("a river bends twice")

    assert passwords.matches(weak, "a river bends twice") and passwords.is_outdated(weak)


@pytest.mark.parametrize("kept", ["", "nonsense", "$argon2id$broken", "scrypt:32768:8:1$a$b"])
def test_what_is_no_hash_matches_nothing(kept: str) -> None:
    assert not passwords.matches(kept, "") and not passwords.matches(kept, kept)


def test_who_is_unknown_costs_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """ALLM 26-21484, OW GHSA-7rw5-9f7q-xj36: who is unknown was answered sooner."""
    compared: list[str] = []
    monkeypatch.setattr(passwords, "verified", lambda kept, password: not compared.append(kept))

    assert passwords.matches(None, "anything") is False
    (kept,) = compared
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize(
    "password",
    [
        *(
            "password",
            "Password1",
            "PASSWORD!",
            "p4ssw0rd",
            "P@ssw0rd123",
            "12345678",
            "87654321",
            "abcdefgh",
            "qwertyui",
        ),
        *(
            "aaaaaaaa",
            "abababab",
            "11112222",
            "iloveyou",
            "letmein1",
            "dragon99",
            "2024admin",
            "administrator",
            "!welcome!",
        ),
        *("short", "", "seven77", "x" * 1025, "changeme", "trustno1", "rivulet1"),
    ],
)
def test_what_is_guessed_first_or_too_short_or_too_long_is_refused_with_a_sentence(password: str) -> None:
    with pytest.raises(BadPassword) as refused:
        passwords.require_good(password)

    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    "password",
    [
        "a river bends twice",
        "kaleidoskop",
        "zzgqxwvk",
        "пароль длинный",
        "dragon-over-delta",
        "x1" * 3 + "éß",
        "abcd" * 256,
    ],
)
def test_what_is_left_is_free(password: str) -> None:
    passwords.require_good(password)


def test_a_password_too_long_is_refused_before_it_is_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "aside", lambda work: pytest.fail("it was hashed"))

    assert passwords.matches("$argon2id$", "x" * 1_000_000) is False


def test_no_more_than_two_are_hashed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most, lock = 0, 0, threading.Lock()

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1

    threads = [threading.Thread(target=passwords.aside, args=(work,)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert most == 2


def test_under_gevent_others_go_on_while_a_password_is_hashed() -> None:
    code = (
        "from gevent import monkey; monkey.patch_all(); import gevent; from chat.accounts import passwords;"
        "ticks = []; ticker = gevent.spawn(lambda: [(ticks.append(1), gevent.sleep(0.001)) for _ in range(100000)]);"
        "gevent.sleep(0); kept = passwords.hashed('a river bends twice');"
        "print(len(ticks), passwords.matches(kept, 'no'))"
    )

    said = subprocess.check_output([sys.executable, "-c", code], text=True, cwd=ROOT).split()

    assert int(said[0]) >= 3 and said[1] == "False"
