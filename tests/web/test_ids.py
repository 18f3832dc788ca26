"""Test parsing ids: digits only, within the database's range."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from chat.storage.database import NotFound
from chat.web import ids


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("17", 17), ("999999999", 999_999_999)])
def test_up_to_nine_digits_are_a_number(text: str, number: int) -> None:
    assert ids.read_number(text) == ids.read_id(text) == number


@pytest.mark.parametrize("text", ["", "-1", "+1", " 1", "1\n", "1_0", "1.0", "1000000000", "٣", "²", "x"])
def test_anything_else_is_none_and_no_id(text: str) -> None:
    assert ids.read_number(text) is None
    with pytest.raises(NotFound):
        ids.read_id(text)


def test_a_longer_number_is_no_address(client: FlaskClient) -> None:
    client.application.add_url_rule("/ids/<id:number>", view_func=lambda number: str(number))

    assert client.get("/ids/999999999").text == "999999999"
    assert client.get("/ids/1000000000").status_code == 404
