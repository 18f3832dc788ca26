"""Test every route as every role, with data that is the visitor's own, another's, and nobody's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

import app as front_door
from chat import config
from tests.asking import HTMX, PAGE, address, arguments
from tests.counted import Counted
from tests.marked import SECRETS
from tests.scripted import Scripted
from tests.security import cast
from tests.security.calls import SENT, routes
from tests.security.cast import NOBODYS, PRIVATE, Things, things
from tests.security.matrix import ALLOWED, COLUMNS, NOT_FOUND, REFUSED, ROWS, SIGN_IN, VISITORS, expected
from tests.serving import UNLIMITED
from tests.turns import eventually, stored

FORMS = {"page": PAGE, "htmx": HTMX}
EXTRA = {
    **dict.fromkeys(["user_id", "person_id", "person", "owner", "id", "is_admin", "admin", "bypass_filter"], "1"),
    "role": "admin",
    "suspended_at": "",
    "created_at": "0",
}
"""Fields that no form has and no handler may take up."""

NO_SESSION = "0" * 64
"""A name that no session has, and nothing else."""

OF_EACH_ANSWER = re.compile(r'[0-9a-f]{32}|name="key" value="[^"]+"')
"""What is new in each answer: the request's number and the key of a composer."""


@pytest.fixture(params=VISITORS, ids=" ".join)
def visit(request: pytest.FixtureRequest, tmp_path: Path, provider: Scripted) -> Iterator[Visit]:
    """An instance with Olga's private data, and a visitor with a role."""
    access, role = request.param
    given = {} if access == "local" else {"ACCESS": access}
    settings = config.load({"INSTANCE": str(tmp_path / "instance"), **given, **UNLIMITED, **SECRETS})
    app = front_door.build(settings, {"scripted": provider})
    cast.enrol(app, "boss", "admin")
    yield Visit(app, provider, access, role, request.config.getoption("--long"))
    app.extensions["rivulet"].database.dispose()


class Visit:
    """A visitor with a role. Each call uses a new browser, so that calls don't depend on one another."""

    def __init__(self, app: Flask, provider: Scripted, access: str, role: str, long: bool):
        self.app, self.provider, self.access, self.role, self.long = app, provider, access, role, long
        self.owner = cast.owner(app, provider)
        self.person_id = cast.visiting(app, role)
        self.cells = 0

    def forms(self, number: int) -> list[str]:
        """Choose how to call a route: as a page or by htmx, in turn; --long does both."""
        turn = number + VISITORS.index((self.access, self.role))
        return list(FORMS) if self.long else [list(FORMS)[turn % 2]]

    def browser(self) -> FlaskClient:
        """Open a browser with the visitor's session, if they have one."""
        return self.app.test_client() if self.person_id is None else cast.signed_in(self.app, self.person_id)

    def call(self, method: str, rule: Rule, of: Things, form: str, **more: str) -> TestResponse:
        """Call a route with the fields of its form, and with some that no form has."""
        sent = EXTRA | more
        data: dict[str, Any] = {"data": SENT | sent} if method == "POST" else {}
        where = address(self.app, rule, method, arguments(self.app, **of))
        response = self.browser().open(where, method=method, query_string=sent, headers=FORMS[form], **data)
        with response:
            response.get_data()
            assert PRIVATE not in response.text, f"{method} {where} shows {self.role} what is Olga's"
        self.cells += 1
        return response

    def things(self, name: str, rule: Rule) -> dict[str, Things]:
        """Return the visitor's own data, if they can have any, then Olga's, then ids that don't exist.

        A guest may become somebody by a link: each call is made by another one. For an admin somebody else is another:
        who Olga is they may change.
        """
        if self.role == "guest":
            self.person_id = cast.visiting(self.app, "guest")
        own = cast.own_things(self.app, self.person_id) if self.person_id else things(NOBODYS, NOBODYS)
        me: Things = {"person_id": self.person_id or NOBODYS}
        olga: Things = {"person_id": self.owner.person_id}
        spare = [me, olga, olga]
        if rule.endpoint == "account.end_session":
            olga["name"] = cast.session_of(self.app, self.owner.person_id)
            me["name"] = cast.session_of(self.app, self.person_id) if self.person_id and self.browser() else NO_SESSION
        elif self.may(name):
            spare = [cast.spare(self.app, rule.arguments, rule.endpoint) for _ in spare]
        return {
            "own": own | spare[0],
            "another's": self.owner.finished | spare[1],
            "another's, running": self.owner.running | spare[2],
            "nobody's": things(NOBODYS, NOBODYS) | {"person_id": NOBODYS, "invite_id": NOBODYS, "name": NO_SESSION},
        }

    def may(self, name: str) -> bool:
        """Check whether this visitor may use a route on data that isn't theirs."""
        return expected(self.access, self.role, name, "another's") not in {NOT_FOUND, SIGN_IN}

    def owners_belongings(self) -> dict[str, list[dict[str, Any]]]:
        """Read all of Olga's rows."""
        return cast.belongings(self.app, self.owner.person_id)

    def own_row(self) -> list[dict[str, Any]]:
        """Read the visitor's own row, without the name: they can change that."""
        return [row | {"name": None} for row in cast.belongings(self.app, self.person_id or 0)["people"]]

    def require_that_the_owners_answer_goes_on(self) -> None:
        """Let the provider go on; check that nobody has stopped it, and that its answer is complete."""
        assert not self.provider.sayings[1].cancelled.is_set()
        self.owner.gate.open()
        reply_id, database = self.owner.running["reply_id"], cast.database(self.app)
        eventually(lambda: stored(database, reply_id).state == "complete")
        assert stored(database, reply_id).text == "Hello"


def answer(response: TestResponse) -> str:
    """Return the matrix's word for an answer."""
    place = response.headers.get("Location", response.headers.get("HX-Redirect", ""))
    if re.fullmatch(r"/sign-in(\?next=.*)?", place) or response.status_code == 401:
        return SIGN_IN
    words = {404: NOT_FOUND, **dict.fromkeys([200, 204, 303], ALLOWED), **dict.fromkeys([400, 403, 409, 429], REFUSED)}
    return words.get(response.status_code, f"{response.status_code} {response.text[:80]!r}")


def same(response: TestResponse) -> tuple[int, str, dict[str, str]]:
    """Return the parts of an answer that two equal requests have in common."""
    own = {"X-Request-ID", "Set-Cookie", "Content-Length"}
    headers = {name: value for name, value in response.headers.items() if name not in own}
    return response.status_code, OF_EACH_ANSWER.sub("", response.text), headers


def test_every_route_answers_each_visitor_as_its_row_says(visit: Visit, counted: Counted) -> None:
    """Another's is not read or changed: OW 26-45349, 24-7040, 26-44569, 44554; LC 25-6088, 26-54027; LB 26-58580.

    No answer of another's is heard, stopped or gone on with: LC 26-31950; OW 25-63681, 26-45399, 26-70483; CL 26-56104.
    No field makes more of anybody: OW 26-44550, 45396; LC 24-10359, 25-7104, 26-31942; ALLM 24-3283.
    What is for admins is for nobody else: OW 24-7045, 26-44555, 45351, 45365; LC 26-44653; ALLM 24-0439, 26-32715.
    There is no second way in: OW 26-45667, 45672; ALLM 24-0795.
    """
    before, mine = visit.owners_belongings(), visit.own_row()

    called = [(form, route) for number, route in enumerate(routes(visit.app)) for form in visit.forms(number)]
    complaints = [complaint for form, route in called for complaint in wrong(visit, form, *route)]
    counted("cells of the route matrix hold", visit.cells)

    assert complaints == [], "\n".join(complaints)
    assert visit.owners_belongings() == before
    assert visit.role == "guest" or visit.own_row() == mine
    visit.require_that_the_owners_answer_goes_on()


def wrong(visit: Visit, form: str, name: str, method: str, rule: Rule) -> Iterator[str]:
    """Call a route with data that is the visitor's own, another's, and nobody's; complain about answers other than the
    table's, and where another's can be told from nobody's.
    """
    answers = {whose: visit.call(method, rule, of, form) for whose, of in visit.things(name, rule).items()}
    for whose, response in answers.items():
        want = expected(visit.access, visit.role, name, whose)
        if answer(response) != want:
            yield f"{visit.access}, {visit.role}, {name}, {form}, {whose}: {answer(response)} instead of: {want}"
        if want is NOT_FOUND and same(response) != same(answers["nobody's"]):
            yield f"{visit.access}, {visit.role}, {name}, {form}, {whose}: it is told from what is not there"


@pytest.mark.parametrize("visit", [("open", "guest"), ("open", "member")], ids=" ".join, indirect=True)
@pytest.mark.parametrize("fields", [["before"], ["after"], ["at", "parent", "current"]], ids=" ".join)
def test_what_is_anothers_is_not_reached_through_ones_own(visit: Visit, fields: list[str], counted: Counted) -> None:
    """A child of one parent asked for under another: OW 24-7041, 26-44554, 45301, 54006; LC 24-10366, 26-54027;
    LB 26-23522; ALLM 26-55611.
    """
    before = visit.owners_belongings()

    for name, method, rule in routes(visit.app):
        ids = (visit.owner.finished["reply_id"], NOBODYS)
        foreign, missing = (
            visit.call(method, rule, visit.things(name, rule)["own"], "htmx", **dict.fromkeys(fields, str(it)))
            for it in ids
        )
        assert foreign.status_code == missing.status_code
        assert missing.status_code != 404 or same(foreign) == same(missing)

    assert visit.owners_belongings() == before
    counted("cells of the route matrix hold", visit.cells)


def without_row(app: Flask) -> set[str]:
    """List the routes without a row in the matrix."""
    return {name for name, _, _ in routes(app)} - ROWS.keys()


def test_every_route_has_a_row_and_every_row_a_route(app: Flask) -> None:
    assert without_row(app) == set()
    assert {name for name, _, _ in routes(app)} == ROWS.keys()
    assert all(len(row) == len(COLUMNS) for row in ROWS.values())


def test_a_route_without_a_row_is_seen(app: Flask) -> None:
    app.add_url_rule("/secrets/<int:secret_id>", "secrets.show", lambda secret_id: "", methods=["GET", "POST"])

    assert without_row(app) == {"GET secrets.show", "POST secrets.show"}


def test_only_get_and_post_are_answered(app: Flask) -> None:
    places = {address(app, rule, method, arguments(app, **things(1, 2))) for _, method, rule in routes(app)}
    others = [
        app.test_client().open(place, method=method).status_code
        for place in places
        for method in ("PUT", "PATCH", "DELETE", "TRACE", "BREW")
    ]

    assert {method for _, method, _ in routes(app)} == {"GET", "POST"}
    assert set(others) == {405}
