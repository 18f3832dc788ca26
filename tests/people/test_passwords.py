"""Test passwords: how they are stored, and which are refused."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from argon2 import PasswordHasher
from hypothesis import given, settings
from hypothesis.strategies import text
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from chat.people import passwords
from chat.people.passwords import BadPassword
from tests.serving import ROOT

pytestmark = pytest.mark.usefixtures("real_hashes")

KOREAN = "\uac15\ubb3c\uc774 \ud750\ub978\ub2e4"


def test_a_password_is_kept_by_argon2id_as_owasp_recommends() -> None:
    kept = passwords.hash_password("a river bends twice")

    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.matches(kept, "a river bends twice") and not passwords.matches(kept, "a river bends once")
    assert not passwords.is_outdated(kept) and kept != passwords.hash_password("a river bends twice")


def test_what_was_kept_by_other_parameters_is_outdated() -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("a river bends twice")

    assert passwords.matches(weak, "a river bends twice") and passwords.is_outdated(weak)


@pytest.mark.parametrize("kept", ["", "nonsense", "$argon2id$broken", "scrypt:32768:8:1$a$b"])
def test_what_is_no_hash_matches_nothing(kept: str) -> None:
    assert not passwords.matches(kept, "") and not passwords.matches(kept, kept)


def test_who_is_unknown_costs_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """ALLM 26-21484, OW GHSA-7rw5-9f7q-xj36: unknown users were answered sooner."""
    compared: list[str] = []
    monkeypatch.setattr(passwords, "verify_hash", lambda kept, password: not compared.append(kept))

    assert passwords.matches(None, "anything") is False
    (kept,) = compared
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize(
    "password",
    [
        *("password", "Password1", "PASSWORD!", "p4ssw0rd", "P@ssw0rd123", "drowssap1"),
        *("12345678", "87654321", "abcdefgh", "qwertyui", "aaaaaaaa", "abababab", "11112222", "x1x1x1x1"),
        *("iloveyou", "letmein1", "dragon99", "administrator", "changeme", "trustno1", "christopher"),
        *("short", "", "seven77", "x" * 1025, "abcd" * 256, "😀" * 8, "\0" * 8, " " * 8),
    ],
)
def test_what_is_guessed_first_or_too_short_or_too_long_is_refused_with_a_sentence(password: str) -> None:
    with pytest.raises(BadPassword) as refused:
        passwords.require_good(password)

    assert str(refused.value).endswith(".")


def test_none_of_the_three_thousand_most_used_passwords_that_are_long_enough_is_good() -> None:
    """ASVS 6.2.4."""
    used = [password for password in FREQUENCY_LISTS["passwords"] if len(password) >= passwords.SHORTEST]

    assert len(used) > 10_000
    assert [password for password in used[:3_000] if not passwords.is_guessable(password)] == []


@pytest.mark.parametrize(
    "password",
    [
        *("rivulet1", "Rivulet2026", "r1vul3t!", "teluvir1"),
        *("quillfeather", "Quillfeather!", "qu1llf34th3r", "zofiaquillfeather", "zofia.quillfeather"),
        *("fjordline", "Fjordline26", "quillfeatherfjordline", "zofia.quillfeather@fjordline.example"),
        *("Oakhollow1", "Zofia Oakhollow", "zofiaoakhollow"),
    ],
)
def test_what_a_person_and_their_team_are_called_is_guessed(password: str) -> None:
    """ASVS 6.2.11."""
    assert passwords.score(password[: passwords.JUDGED_LENGTH], []) >= passwords.LEAST_SCORE

    with pytest.raises(BadPassword, match="too easy to guess"):
        passwords.require_good(password, "zofia.quillfeather@fjordline.example", "Zofia Oakhollow")


@pytest.mark.parametrize(
    "password",
    [
        "a river bends twice",
        "kaleidoskop",
        "zzgqxwvk",
        "пароль длинный",
        "dragon-over-delta",
        "😀😁😂🤣😃😄😅😆",
        "a b\0c d\0e f",
        "every word of a long text " * 39,
    ],
)
def test_what_is_left_is_free(password: str) -> None:
    passwords.require_good(password, "ann@example.org", "Ann")


@pytest.mark.parametrize("password", ["a river \ud83d bends", "\udcff" * 9])
def test_half_a_character_is_refused_as_nobody_could_type_it(password: str) -> None:
    with pytest.raises(BadPassword, match="invalid character"):
        passwords.require_good(password)


@settings(max_examples=200, deadline=None, database=None)
@given(text(min_size=8, max_size=80), text(max_size=40), text(max_size=40))
def test_any_password_is_judged(password: str, email: str, name: str) -> None:
    with suppress(BadPassword):
        passwords.require_good(password, email, name)


def test_no_more_of_a_password_is_judged_than_takes_half_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """OW 26-59220: signs that stand for several letters double the work each."""
    judged: list[int] = []
    monkeypatch.setattr(passwords, "score", lambda password, words: len(judged.append(len(password)) or ""))

    for length in (8, 1024):
        assert passwords.is_guessable("x" * length)

    assert judged == [8, passwords.JUDGED_LENGTH]


def test_one_is_judged_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library keeps one user's words in a place that the next check reads."""
    assert most_at_once(monkeypatch, passwords.is_guessable, "score") == 1


def test_what_judges_is_loaded_when_it_is_needed() -> None:
    code = "import sys, app; from chat.people import passwords; print('zxcvbn' in sys.modules)"

    assert subprocess.check_output([sys.executable, "-c", code], text=True, cwd=ROOT).split() == ["False"]


def test_a_password_too_long_is_refused_before_it_is_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "run_aside", lambda work: pytest.fail("it was hashed"))

    assert passwords.matches("$argon2id$", "x" * 1_000_000) is False


def test_no_more_than_two_are_hashed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "dummy_hash", lambda: "a hash")

    assert most_at_once(monkeypatch, lambda password: passwords.matches(None, password), "verify_hash") == 2


def most_at_once(monkeypatch: pytest.MonkeyPatch, do: Callable[[str], object], work: str) -> int:
    """Run a function in twelve threads; return how many ran one part of it at the same time."""
    running, most, lock = 0, 0, threading.Lock()

    def working(*_: object) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1
        return 0

    monkeypatch.setattr(passwords, work, working)
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(do, ["a river bends"] * 12))
    return most


SLOWEST = "4@8({[<3691!|70$5+%2zQ" * 2


@pytest.mark.parametrize("work", ["hash_password('a river bends twice')", f"require_good({SLOWEST!r})"])
def test_under_gevent_others_go_on_while_a_password_is_hashed_or_judged(work: str) -> None:
    code = (
        "from gevent import monkey; monkey.patch_all(); import gevent; from chat.people import passwords;"
        "ticks = []; ticker = gevent.spawn(lambda: [(ticks.append(1), gevent.sleep(0.001)) for _ in range(100000)]);"
        f"gevent.sleep(0); passwords.{work};"
        "print(len(ticks))"
    )

    said = subprocess.check_output([sys.executable, "-c", code], text=True, cwd=ROOT).split()

    assert int(said[0]) >= 3


@pytest.mark.parametrize(
    ("chosen", "typed"),
    [
        ("caf\u00e9 on the r\u00edver", "cafe\u0301 on the ri\u0301ver"),
        ("cafe\u0301 on the ri\u0301ver", "caf\u00e9 on the r\u00edver"),
        (KOREAN, unicodedata.normalize("NFD", KOREAN)),
        ("\uff13\uff17 rivers run", "37 rivers run"),
        ("a\u00a0river runs", "a river runs"),
    ],
)
def test_a_password_opens_however_a_keyboard_puts_its_letters_together(chosen: str, typed: str) -> None:
    kept = passwords.hash_password(chosen)

    assert passwords.matches(kept, typed) and passwords.matches(kept, chosen)
    assert not passwords.matches(kept, f"{typed}.")


@pytest.mark.parametrize("password", ["\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44\uff11", "e\u0301" * 7])
def test_what_is_easy_to_guess_in_its_one_form_is_refused(password: str) -> None:
    with pytest.raises(BadPassword):
        passwords.require_good(password)
