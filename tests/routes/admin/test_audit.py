"""Test the audit log as a page and as files."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chat.people import audit, roles
from chat.routes.admin.audit import COLUMNS, FORMULAS
from chat.storage.database import Database
from chat.web.streams import StreamAborted
from tests.routes.admin.conftest import ADMIN, id_of
from tests.team import signed_in


def noted(app: Flask, *rows: tuple[str, str, str]) -> None:
    """Write rows: actor, action, target."""
    with app.extensions["rivulet"].database.write() as connection:
        for row in rows:
            audit.note(connection, *row)


def test_the_newest_is_first_in_words(app: Flask, admin: FlaskClient) -> None:
    noted(app, ("cid", "suspended", "dan"), ("eve", "removed", "<b>fay</b>"))

    rows = admin.get("/admin/audit").text.split("<li>")[1:]

    assert "<strong>eve</strong> deleted an account: &lt;b&gt;fay&lt;/b&gt;" in rows[0]
    assert "<strong>cid</strong> suspended a person: dan" in rows[1]


def test_older_rows_are_on_the_next_page(app: Flask, admin: FlaskClient) -> None:
    noted(app, *[(f"p{number}", "suspended", "") for number in range(audit.PAGE + 5)])

    first = admin.get("/admin/audit").text
    second = admin.get("/admin/audit" + re.findall(r'href="(\?before=\d+)"', first)[0]).text

    assert first.count("<li>") == audit.PAGE
    assert "<strong>p0</strong>" in second and "<strong>p5</strong>" not in second


@pytest.mark.parametrize("begin", FORMULAS)
def test_a_spreadsheet_finds_no_formula(app: Flask, admin: FlaskClient, begin: str) -> None:
    noted(app, (f"{begin}HYPERLINK(1)", "suspended", f'{begin}1+1",x'))

    answer = admin.get("/admin/audit.csv")
    cells = list(csv.reader(io.StringIO(answer.text)))

    assert cells[0] == list(COLUMNS)
    assert not any(cell.startswith(FORMULAS) for line in cells for cell in line)
    assert cells[-1][5].endswith('1+1",x')
    assert answer.headers["Content-Disposition"] == 'attachment; filename="audit.csv"'
    assert answer.mimetype == "text/csv"


def test_a_name_with_a_line_break_is_one_line(app: Flask, admin: FlaskClient) -> None:
    """LC 26-4276: a name forged lines of a log."""
    noted(app, ("eve\n9,2026,1,ann,removed,all", "suspended", "x\r\ny"))

    assert len(list(csv.reader(io.StringIO(admin.get("/admin/audit.csv").text)))) == 1 + len(
        audit.page(app.extensions["rivulet"].database)
    )
    last = admin.get("/admin/audit.jsonl").text.splitlines()[-1]
    assert json.loads(last)["subject"] == "x y"


def test_json_lines_hold_everything_the_oldest_first(app: Flask, admin: FlaskClient) -> None:
    noted(app, *[(f"p{number}", "suspended", "é") for number in range(audit.BATCH + 3)])

    rows = [json.loads(line) for line in admin.get("/admin/audit.jsonl").text.splitlines()]

    assert [row["actor"] for row in rows if row["action"] == "suspended"] == [f"p{n}" for n in range(audit.BATCH + 3)]
    assert list(rows[0]) == list(COLUMNS)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", rows[0]["at"])


@pytest.mark.parametrize("signs_out", [False, True])
def test_who_is_no_admin_any_more_or_signs_out_gets_no_more_of_it(
    app: Flask, admin: FlaskClient, signs_out: bool
) -> None:
    signed_in(app, "eve@example.org", "admin")
    noted(app, *[(f"p{number}", "suspended", "") for number in range(3 * audit.BATCH)])
    answer = admin.get("/admin/audit.jsonl", buffered=False)
    parts = iter(answer.response)
    begun = [next(parts), next(parts)]

    if signs_out:
        admin.post("/sign-out")
    else:
        roles.change(app.extensions["rivulet"].database, "a test", id_of(app, ADMIN), "member")

    assert b"p0" in begun[1]
    with pytest.raises(StreamAborted):  # a file that ended here would look complete
        next(parts)


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_a_file_that_breaks_in_its_middle_ends_as_no_whole_one_does(
    app: Flask, admin: FlaskClient, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    noted(app, *[(f"p{number}", "suspended", "") for number in range(2 * audit.BATCH)])
    answer = admin.get(f"/admin/audit.{ending}", buffered=False)
    parts = iter(answer.response)
    begun = [next(parts), next(parts)]

    monkeypatch.setattr(Database, "read", lambda _: 1 / 0)

    assert b"p0" in begun[1]
    with pytest.raises(StreamAborted):
        next(parts)
