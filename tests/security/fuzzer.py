"""Send random requests as visitors with their own data, and check what every answer must satisfy."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from random import Random
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete
from werkzeug.routing import Rule

from chat.registry import records
from chat.registry.form import ProviderForm
from chat.storage.tables import attempts, audit, invites
from tests.asking import address, arguments
from tests.counted import Counted
from tests.security import cast
from tests.security.calls import routes
from tests.security.cast import NOBODYS, Things
from tests.security.odd import USUAL, Request, escaped, joined, request

PROVIDER = ProviderForm("spare", "openai", "http://127.0.0.1:9/v1", "")
LINKED = {
    "invites.show": "invites",
    "invites.redeem": "invites",
    "password_resets.show": "resets",
    "password_resets.redeem": "resets",
}
"""What is to be followed before, by endpoint."""

SPENDING = {
    *("POST account.end_session", "POST account.end_others", "POST conversations.delete", "POST conversations.rename"),
    *("POST messages.create", "POST messages.create (new)", "POST messages.edit"),
    *("POST queue.send", "POST queue.take_back"),
    *("POST replies.continue_reply", "POST replies.retry", "POST replies.stop"),
}
"""After what somebody's things are gone, or other things, or more and more."""

ROLES = ["member", "admin", "guest"]

MOST = 256 * 1024
"""The largest answer, in bytes: a page of a few messages, the longest of them given back. A redirect says the address
that was asked for twice beside."""

Visitor = tuple[FlaskClient, Things]


class Fuzzer:
    """Sends random requests as visitors with their own data, and checks every answer."""

    def __init__(self, app: Flask):
        self.app, self.statuses, self.done = app, Counter[int](), Counter[str]()
        self.routes = sorted((name, method, rule) for name, method, rule in routes(app))
        self.visitors: dict[str, Visitor] = {}

    def send_some(self, chance: Random, number: int) -> None:
        """Send requests to all routes, in random order."""
        self.visitors.clear()
        self.undo()
        for _ in range(number):
            route = chance.choice(self.routes)
            self.send(route, self.role(chance, route[0]), request(chance))

    def role(self, chance: Random, name: str) -> str:
        """Choose the sender's role: mostly one that may use the route."""
        usual = "admin" if " admin_" in name else "guest" if name.endswith(".redeem") else "member"
        return chance.choice([usual, usual, *ROLES])

    def send(self, route: tuple[str, str, Rule], role: str, sent: Request) -> None:
        """Send a request. If it used up the sender's data or cookie, replace the sender."""
        name, usual, rule = route
        browser, own = self.visitors.get(role) or self.newcomer(role)
        method, place = sent.method or usual, self.place(rule, usual, sent.whose, own)
        self.follow(browser, rule)
        body: dict[str, Any] = {} if method == "GET" else {"data": sent.body, "content_type": sent.mimetype}
        if "Content-Length" in sent.headers:
            # The client would put the true one in its place.
            body["environ_overrides"] = {"CONTENT_LENGTH": sent.headers["Content-Length"]}
        where = f"{place}?{joined(sent.query)}"
        response = browser.open(where, method=method, headers=sent.headers, **body)
        with response:
            content = response.get_data()
        assert response.status_code < 500, f"{method} {rule.rule} broke for {role}: {sent} {response.text[:300]}"
        told = f"{method} {rule.rule} for {role}: {sent} {response.status_code}, {len(content)} B"
        assert len(content) <= MOST + 2 * len(where) and "X-Evil" not in response.headers, told
        self.statuses[response.status_code] += 1
        done = method == usual and response.status_code < 400
        self.done[name] += done
        if "Set-Cookie" in response.headers or (done and name in SPENDING):
            del self.visitors[role]
        if done and name.startswith("POST admin_"):
            self.undo()

    def newcomer(self, role: str) -> Visitor:
        """Create a visitor; return their browser and their data."""
        person_id = cast.visiting(self.app, "guest") if role == "guest" else None
        person_id = person_id or cast.enrol(self.app, f"{role}-{secrets.token_hex(8)}", role)
        browser, own = cast.signed_in(self.app, person_id), cast.own_things(self.app, person_id)
        self.visitors[role] = browser, own | {"session": cast.session_of(self.app, person_id)}
        return self.visitors[role]

    def undo(self) -> None:
        """Undo an admin's changes that affect everybody: turn the provider on, and empty lists that would grow."""
        providers = self.app.extensions["rivulet"].registry
        records.set_enabled(providers, "a test", "scripted", True)
        records.save_models(providers, "a test", "scripted", on=["small", "large"])
        if USUAL["name"] in providers.now().entries:
            records.remove(providers, "a test", USUAL["name"])
        with cast.database(self.app).write() as connection:
            for table in (audit, invites, attempts):
                connection.execute(delete(table))

    def follow(self, browser: FlaskClient, rule: Rule) -> None:
        """Open a link's address first, for the forms behind it."""
        if kind := LINKED.get(rule.endpoint):
            token = cast.spare(self.app, {"token"}, rule.endpoint)["token"]
            assert browser.get(f"/{kind}/{token}").status_code == 303

    def place(self, rule: Rule, method: str, whose: str, own: Things) -> str:
        """Fill in a rule's address with the sender's data, with ids that don't exist, or with text."""
        if whose in {"own", "nobody's"}:
            of = own | self.named(rule, own) if whose == "own" else dict.fromkeys(own, NOBODYS)
            return address(self.app, rule, method, arguments(self.app, **of))
        return re.sub("<[^>]+>", escaped(whose), rule.rule)

    def named(self, rule: Rule, own: Things) -> Things:
        """Find or create the rest that an address can name: a session, a provider, a person, an invite, a token."""
        if rule.endpoint == "account.end_session":
            return {"name": own["session"]}
        if rule.endpoint in {"admin_models.save_models", "admin_models.set_enabled"}:
            return {"name": "scripted"}
        made = cast.spare(self.app, rule.arguments - {"name"}, rule.endpoint)
        if not rule.endpoint.startswith("admin_models."):
            return made
        if PROVIDER.name not in self.app.extensions["rivulet"].registry.now().entries:
            records.add(self.app.extensions["rivulet"].registry, "a test", PROVIDER)
        return made | {"name": PROVIDER.name}

    def end(self, counted: Counted) -> None:
        """Check that the process still answers and that no answer is being written; count the requests."""
        cast.settle(self.app)
        assert self.app.test_client().get("/readyz").status_code == 200
        assert len(self.statuses) > 3 and self.statuses[200] and self.statuses[404]
        reached = [name for name in self.done if " admin_" in name and self.done[name]]
        assert len(reached) > 5, f"of the admins' handlers it came as far as {reached} alone"
        counted("requests of the fuzzer were answered", self.statuses.total())
