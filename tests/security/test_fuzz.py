"""Test that random requests to any route never cause a 500 or an endless answer, nor end the process."""

from __future__ import annotations

from random import Random

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat.web import current_user
from tests.counted import Counted
from tests.scripted import Scripted
from tests.security.fuzzer import Fuzzer
from tests.security.odd import Request

LENIENT = list(HealthCheck)
AT_ONCE = 10


@settings(max_examples=100, deadline=None, suppress_health_check=LENIENT)
@given(chance=st.randoms(use_true_random=False))
def fuzz_a_little(fuzzer: Fuzzer, chance: Random) -> None:
    """Send a thousand requests; Hypothesis shrinks one that fails."""
    fuzzer.send_some(chance, AT_ONCE)


def test_whatever_is_sent_is_answered_and_nothing_breaks(app: Flask, provider: Scripted, counted: Counted) -> None:
    """LC 24-11169, 24-11172, 24-11173, 26-31949; ALLM 24-22422, 24-3569, 24-5208: one request ends the process."""
    fuzzer = Fuzzer(app)

    fuzz_a_little(fuzzer)

    fuzzer.end(counted)


@pytest.mark.long
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("part", range(40))
def test_a_million_requests_are_answered(app: Flask, provider: Scripted, counted: Counted, part: int) -> None:
    fuzzer = Fuzzer(app)

    fuzzer.send_some(Random(part), 25_000)

    fuzzer.end(counted)


@pytest.mark.parametrize(("role", "other"), [("member", "admin"), ("admin", "member")])
def test_the_fuzzer_sees_what_breaks_for_a_member_or_for_an_admin(app: Flask, role: str, other: str) -> None:
    app.add_url_rule("/breaks", "breaks.show", lambda: str(1 / (getattr(current_user.person(), "role", "") != role)))
    fuzzer, harmless = Fuzzer(app), Request("own", "", [], {}, "", b"")
    route = next(route for route in fuzzer.routes if route[0] == "GET breaks.show")

    fuzzer.send(route, other, harmless)
    with pytest.raises(AssertionError, match="/breaks broke"):
        fuzzer.send(route, role, harmless)
