"""Test the claims of docs/security.md and docs/security/: their tests exist, and no requirement is left out."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.counted import Counted
from tests.security import claims
from tests.security.claims import PAGE

ASVS = """
1.1 2, 1.2 9, 1.3 11, 1.4 3, 1.5 2, 2.1 3, 2.2 3, 2.3 4, 2.4 1, 3.2 2, 3.3 4, 3.4 6, 3.5 5, 3.7 2, 4.1 3, 4.2 1, 4.3 2,
4.4 4, 5.1 1, 5.2 3, 5.3 2, 5.4 3, 6.1 3, 6.2 12, 6.3 4, 6.4 4, 6.5 5, 6.6 3, 6.8 4, 7.1 3, 7.2 4, 7.3 2, 7.4 5, 7.5 2,
7.6 2, 8.1 2, 8.2 3, 8.3 1, 8.4 1, 9.1 3, 9.2 4, 10.1 2, 10.2 2, 10.3 4, 10.4 11, 10.5 5, 10.6 2, 10.7 3, 11.1 2,
11.2 3, 11.3 3, 11.4 4, 11.5 1, 11.6 1, 12.1 3, 12.2 2, 12.3 4, 13.1 1, 13.2 5, 13.3 2, 13.4 5, 14.1 2, 14.2 4, 14.3 3,
15.1 3, 15.2 3, 15.3 7, 16.1 1, 16.2 5, 16.3 4, 16.4 3, 16.5 3, 17.1 1, 17.2 4, 17.3 2
"""
"""The sections of ASVS 5.0.0, and how many requirements of the levels 1 and 2 each has: they come first in each."""

ANSWERS = {"met", "not met", "n/a", "operator"}


def test_every_test_that_the_pages_name_exists() -> None:
    assert claims.named() - claims.suite().keys() == set()


def test_every_class_of_published_vulnerabilities_is_shown_by_a_test_or_can_not_be_here(counted: Counted) -> None:
    known = {name: claims.ids(said) for name, said in claims.suite().items()}
    rows = claims.classes()
    without = [row.name for row in rows if not any(row.ids & ids for ids in known.values())]

    assert [
        name for name in without if not next(row for row in rows if row.name == name).shown.startswith("Not here:")
    ] == []
    counted("classes of published vulnerabilities are shown by tests", len(rows) - len(without))
    counted("classes can't be here, for a reason that is told", len(without))
    counted("published vulnerabilities are in these classes", len(set().union(*(row.ids for row in rows))))


@pytest.mark.parametrize("row", claims.classes(), ids=lambda row: row.name)
def test_the_tests_of_a_class_name_an_id_of_it(row: claims.Row) -> None:
    tests = [name for name in claims.named() if f"`{name}`" in row.shown]

    assert tests or row.shown.startswith("Not here:")
    assert [name for name in tests if not claims.ids(claims.suite()[name]) & row.ids] == []


def test_no_test_names_an_id_that_the_pages_do_not_know() -> None:
    known = set().union(*(row.ids for row in claims.classes()))

    assert {name: claims.ids(said) - known for name, said in claims.suite().items() if claims.ids(said) - known} == {}


def test_every_requirement_is_answered_once(counted: Counted) -> None:
    sections = [section.split() for section in ASVS.replace("\n", " ").split(",")]
    wanted = [f"{section}.{number}" for section, most in sections for number in range(1, int(most) + 1)]
    answers = claims.requirements()

    assert sorted(answers) == sorted(wanted) and len(wanted) == 253
    assert set(answers.values()) <= ANSWERS
    for answer, number in Counter(answers.values()).most_common():
        counted(f"requirements of ASVS: {answer}", number)


def test_what_is_not_met_is_said_before_all_else() -> None:
    lacking = [requirement for requirement, answer in claims.requirements().items() if answer == "not met"]

    assert f"**Not met**, of 253: {', '.join(lacking)}. Their rows say why." in claims.ASVS
    assert f"Not met: {', '.join(lacking)}." in " ".join(PAGE.split())


def test_the_table_of_headers_says_what_is_sent(client: FlaskClient) -> None:
    sent = client.get("/", headers={"Sec-Fetch-Site": "none"}).headers
    told = {cells[0]: cells[1] for cells in claims.rows(PAGE) if len(cells) == 3}
    headers = {name: value for name, value in told.items() if name.strip("`") in sent}

    assert len(headers) >= 6
    assert {name: f"`{sent[name.strip('`')]}`" for name in headers} == headers


def test_an_id_is_read_with_the_product_and_the_year_before_it() -> None:
    assert claims.ids("OW 24-7806, 7035, 26-45317; GR 24-1727, GHSA-26jh-r8g2-6fpr") == {
        *("OW 24-7806", "OW 24-7035", "OW 26-45317", "GR 24-1727", "GR GHSA-26jh-r8g2-6fpr"),
    }


def test_who_found_a_hole_is_told_how_to_report_it() -> None:
    page = (Path(__file__).parent.parent.parent / "SECURITY.md").read_text()

    assert "docs/security.md" in page and "SECURITY.md" in PAGE and "in private" in page
