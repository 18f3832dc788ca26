"""Test the list of conversations: page by page, and in days."""

from __future__ import annotations

import re
import time

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert

from chat.routes.sidebar import LISTED
from chat.storage.tables import conversations
from chat.web.cookies import ZONE
from tests.team import signed_in

DAY = 86_400
MANY = 201


@pytest.fixture
def reader(app: Flask) -> FlaskClient:
    """A person with more conversations than fit on a page of the list, one of each day."""
    client = signed_in(app)
    now = int(time.time())
    rows = [
        {"person_id": 1, "title": f"Number {age}", "created_at": now - age * DAY, "updated_at": now - age * DAY}
        for age in range(MANY)
    ]
    with app.extensions["rivulet"].database.write() as connection:
        connection.execute(insert(conversations), rows)
    return client


def listed(page: str) -> list[int]:
    """Return the ages of the listed conversations."""
    return [int(age) for age in re.findall(r'class="list__title" dir="auto">Number (\d+)<', page)]


def test_where_nobody_has_an_account_an_empty_list_says_that_each_browser_has_its_own(
    app: Flask, client: FlaskClient
) -> None:
    sentence = "Each browser has its own list."
    alone = client.get("/").text

    member = signed_in(app)

    assert sentence in alone
    assert sentence not in member.get("/").text + client.get("/").text


def test_every_conversation_is_reached_through_links(reader: FlaskClient) -> None:
    page, pages = reader.get("/").text, 1
    while older := re.search(r'id="older" href="(\?listed=\d+)"', page):
        assert listed(page) == list(range(LISTED * pages))
        page, pages = reader.get(f"/{older[1]}").text, pages + 1

    assert listed(page) == list(range(MANY))


@pytest.mark.parametrize(("shown", "kept"), [(1, 1), (LISTED, 1), (LISTED + 1, 2), (2 * LISTED, 2)])
def test_a_list_that_is_shown_again_stays_as_long(reader: FlaskClient, shown: int, kept: int) -> None:
    page = reader.get("/conversations", headers={"HX-Request": "true", "Listed": str(shown)}).text

    assert len(listed(page)) == kept * LISTED


@pytest.mark.parametrize("asked", ["", "x", "-1", "0", "1e9", "²"])
def test_a_length_that_is_none_is_a_page(reader: FlaskClient, asked: str) -> None:
    assert len(listed(reader.get(f"/?listed={asked}").text)) == LISTED


def test_a_length_has_a_limit(reader: FlaskClient) -> None:
    assert listed(reader.get(f"/?listed={10**30}").text) == list(range(MANY))


def days(client: FlaskClient) -> list[str]:
    """Return the headings of the list."""
    return re.findall(r'class="list__day">(.+?)<', client.get("/").text)


def test_the_list_is_in_days(reader: FlaskClient) -> None:
    assert days(reader)[:4] == ["Today", "Yesterday", "Previous 7 days", "Previous 30 days"]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_a_day_is_the_readers(reader: FlaskClient, app: Flask, zone: str) -> None:
    reader.set_cookie(ZONE, zone)
    at_noon = int(time.time()) // DAY * DAY - DAY // 2  # of yesterday, in UTC
    with app.extensions["rivulet"].database.write() as connection:
        connection.execute(conversations.update().values(updated_at=at_noon))
    there = {"Pacific/Kiritimati": 14, "Pacific/Pago_Pago": -11}[zone] * 3600
    age = (int(time.time()) + there) // DAY - (at_noon + there) // DAY

    assert days(reader) == [["Today", "Yesterday", "Previous 7 days"][age]]


def test_a_zone_that_a_script_tells_is_kept_in_a_cookie(reader: FlaskClient) -> None:
    told = reader.get("/", headers={"Time-Zone": "Asia/Tokyo"})
    again = reader.get("/", headers={"Time-Zone": "Asia/Tokyo"})

    assert told.headers["Set-Cookie"].startswith(f"{ZONE}=Asia/Tokyo;") and "Set-Cookie" not in again.headers
    assert "Set-Cookie" not in reader.get("/", headers={"Time-Zone": "../Nowhere"}).headers


@pytest.mark.parametrize("zone", ["", "Nowhere", "../../etc/passwd", "/etc/passwd", "Europe", "x" * 500, "%00", "é"])
def test_a_zone_that_is_none_is_utc(reader: FlaskClient, zone: str) -> None:
    reader.set_cookie(ZONE, zone)

    assert days(reader)[0] == "Today"
