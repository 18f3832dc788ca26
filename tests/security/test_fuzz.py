"""Whatever is sent to whatever route: never a 500, no endless answer, and the process lives on."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, seed, settings
from sqlalchemy import delete
from werkzeug.routing import Rule

from chat.routes import visitor
from chat.services.entering import Entered
from chat.tables import audit, invites
from tests.asking import address, arguments
from tests.counted import Counted
from tests.scripted import Scripted
from tests.security import cast
from tests.security.cast import NOBODYS, Things
from tests.security.odd import SOME, escaped, joined
from tests.security.test_routes import routes

LENIENT = list(HealthCheck)

PROVIDER = Entered("spare", "openai", "http://127.0.0.1:9/v1", "")

MOST = 256 * 1024
"""The largest answer, in bytes: a page of a few messages, the longest of them given back."""


class Fuzzer:
    """Sends what it is given, as a member or as an admin who have things of their own, and holds what every answer has
    in common.
    """

    def __init__(self, app: Flask):
        self.app, self.statuses, self.done = app, Counter[int](), Counter[str]()
        self.routes = sorted((name, method, rule) for name, method, rule in routes(app))

    def send_all(self, requests: list[tuple[Any, ...]]) -> None:
        """Send some requests, one after another, with one browser of a member's and one of an admin's."""
        self.begin()
        visitors = [self.visitor(role) for role in ("member", "admin")]
        for number, whose, method, query, headers, (mimetype, body), is_admin in requests:
            name, usual, rule = self.routes[number % len(self.routes)]
            browser, own = visitors[is_admin]
            place = f"{self.place(rule, usual, whose, own)}?{joined(query)}"
            sent = {} if (method or usual) == "GET" else {"data": body, "content_type": mimetype}
            with browser.open(place, method=method or usual, headers=headers, **sent) as response:
                content = response.get_data()
            assert response.status_code < 500, f"{method or usual} {rule.rule} broke: {response.text[:300]}"
            assert len(content) <= MOST and "X-Evil" not in response.headers
            self.statuses[response.status_code] += 1
            self.done[name] += response.status_code < 400

    def begin(self) -> None:
        """Undo what admins before did to everybody: the provider is on, and no list grows for ever."""
        self.app.extensions["providers"].switch("a test", "scripted", True)
        for model in ("small", "large"):
            self.app.extensions["providers"].offer("a test", "scripted", model, True)
        with cast.database(self.app).write() as connection:
            for table in (audit, invites):
                connection.execute(delete(table))

    def visitor(self, role: str) -> tuple[FlaskClient, Things]:
        """Let somebody new in, as whoever came before may have been removed; gives their browser and their things."""
        person_id = cast.enrol(self.app, f"{role}-{secrets.token_hex(8)}", role)
        return cast.signed_in(self.app, person_id), cast.own_things(self.app, person_id)

    def place(self, rule: Rule, method: str, whose: str, own: Things) -> str:
        """Write the address of a rule with one's own things, with nobody's, or with a text that is no thing."""
        if whose in {"own", "nobody's"}:
            of = own | self.spare(rule) if whose == "own" else dict.fromkeys(own, NOBODYS)
            return address(self.app, rule, method, arguments(self.app, **of))
        return re.sub("<[^>]+>", escaped(whose), rule.rule)

    def spare(self, rule: Rule) -> Things:
        """Make what else stands in an address: somebody, an invite, the token of a link, a provider."""
        made = cast.spare(self.app, rule.arguments - {"name"}, rule.endpoint)
        if not rule.endpoint.startswith("admin_models."):
            return made
        if PROVIDER.name not in self.app.extensions["providers"].now().services:
            self.app.extensions["providers"].add("a test", PROVIDER)
        return made | {"name": PROVIDER.name}

    def end(self, counted: Counted) -> None:
        """Hold that the process lives on and writes nothing any more; count what was sent."""
        cast.settle(self.app)
        assert self.app.test_client().get("/readyz").status_code == 200
        assert len(self.statuses) > 3 and self.statuses[200] and self.statuses[404]
        reached = [name for name in self.done if " admin_" in name and self.done[name]]
        assert len(reached) > 5, f"of the admins' handlers it came as far as {reached} alone"
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


@pytest.mark.parametrize("is_admin", [False, True])
def test_the_fuzzer_sees_what_breaks_for_a_member_or_for_an_admin(app: Flask, is_admin: bool) -> None:
    app.add_url_rule("/breaks", "breaks.show", lambda: str(1 / (visitor.is_admin() != is_admin)))
    fuzzer = Fuzzer(app)
    number = [name for name, _, _ in fuzzer.routes].index("GET breaks.show")

    with pytest.raises(AssertionError, match="/breaks broke"):
        fuzzer.send_all([(number, "own", "", [], {}, ("", b""), is_admin)])
