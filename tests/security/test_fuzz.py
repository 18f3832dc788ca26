"""Whatever is sent to whatever route: never a 500, no endless answer, and the process lives on."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, seed, settings
from werkzeug.routing import Rule

from tests.asking import address, arguments
from tests.counted import Counted
from tests.scripted import Scripted
from tests.security import cast
from tests.security.cast import NOBODYS, Things
from tests.security.odd import SOME, escaped, joined
from tests.security.test_routes import routes

LENIENT = list(HealthCheck)

MOST = 256 * 1024
"""The largest answer, in bytes: a page of a few messages, the longest of them given back."""


class Fuzzer:
    """Sends what it is given as a member, who has things of their own, and holds what every answer has in common."""

    def __init__(self, app: Flask):
        self.app, self.statuses = app, Counter[int]()
        self.routes = sorted((name, method, rule) for name, method, rule in routes(app))
        self.person_id = cast.enrol(app, "ann", "member")

    def send_all(self, requests: list[tuple[Any, ...]]) -> None:
        """Send some requests, one after another, with one browser."""
        browser, own = cast.signed_in(self.app, self.person_id), cast.own_things(self.app, self.person_id)
        for number, whose, method, query, headers, (mimetype, body) in requests:
            _, usual, rule = self.routes[number % len(self.routes)]
            place = f"{self.place(rule, usual, whose, own)}?{joined(query)}"
            sent = {} if (method or usual) == "GET" else {"data": body, "content_type": mimetype}
            with browser.open(place, method=method or usual, headers=headers, **sent) as response:
                content = response.get_data()
            assert response.status_code < 500, f"{method or usual} {rule.rule} broke: {response.text[:300]}"
            assert len(content) <= MOST and "X-Evil" not in response.headers
            self.statuses[response.status_code] += 1

    def place(self, rule: Rule, method: str, whose: str, own: Things) -> str:
        """Write the address of a rule with one's own things, with nobody's, or with a text that is no thing."""
        if whose in {"own", "nobody's"}:
            of = own if whose == "own" else dict.fromkeys(own, NOBODYS)
            return address(self.app, rule, method, arguments(self.app, **of))
        return re.sub("<[^>]+>", escaped(whose), rule.rule)

    def end(self, counted: Counted) -> None:
        """Hold that the process lives on and writes nothing any more; count what was sent."""
        cast.settle(self.app)
        assert self.app.test_client().get("/readyz").status_code == 200
        assert len(self.statuses) > 3 and self.statuses[200] and self.statuses[404]
        counted("requests of the fuzzer were answered", self.statuses.total())


@settings(max_examples=200, deadline=None, suppress_health_check=LENIENT)
@given(requests=SOME)
def fuzz_a_little(fuzzer: Fuzzer, requests: list[tuple[Any, ...]]) -> None:
    """Send two thousand requests."""
    fuzzer.send_all(requests)


@settings(max_examples=2_500, deadline=None, suppress_health_check=LENIENT, database=None)
@given(requests=SOME)
def fuzz_much(fuzzer: Fuzzer, requests: list[tuple[Any, ...]]) -> None:
    """Send twenty-five thousand requests."""
    fuzzer.send_all(requests)


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

    seed(part)(fuzz_much)(fuzzer)

    fuzzer.end(counted)


def test_the_fuzzer_sees_what_breaks(app: Flask) -> None:
    app.add_url_rule("/breaks", "breaks.show", lambda: 1 / 0)
    fuzzer = Fuzzer(app)
    number = [name for name, _, _ in fuzzer.routes].index("GET breaks.show")

    with pytest.raises(AssertionError, match="/breaks broke"):
        fuzzer.send_all([(number, "own", "", [], {}, ("", b""))])
