"""Filters: times and durations, for machines and for people."""

from __future__ import annotations

import pytest
from flask import Flask

from chat.routes.time_filters import date, duration, seconds, time
from chat.web.cookies import ZONE


@pytest.mark.parametrize(
    ("milliseconds", "written"),
    [(0, "0.0 s"), (840, "0.8 s"), (9_499, "9.5 s"), (9_600, "10 s"), (59_400, "59 s"), (59_600, "1 min 0 s")],
)
def test_a_duration_is_written_for_people(milliseconds: int, written: str) -> None:
    assert seconds(milliseconds) == written


@pytest.mark.parametrize(
    ("milliseconds", "written"),
    [(0, "1 second"), (840, "1 second"), (3_900, "4 seconds"), (59_400, "59 seconds"), (59_600, "1 min 0 s")],
)
def test_a_duration_in_a_sentence_has_whole_seconds(milliseconds: int, written: str) -> None:
    assert duration(milliseconds) == written


@pytest.mark.parametrize(
    ("zone", "written"),
    [("", "24 Nov 2026, 14:03 UTC"), ("Nowhere", "24 Nov 2026, 14:03 UTC"), ("Asia/Tokyo", "24 Nov 2026, 23:03")],
)
def test_a_time_is_written_for_machines_and_in_the_readers_zone(app: Flask, zone: str, written: str) -> None:
    with app.test_request_context(headers={"Cookie": f"{ZONE}={zone}"}):
        assert time(1_795_529_000) == f'<time datetime="2026-11-24T14:03:20Z">{written}</time>'


@pytest.mark.parametrize(("zone", "written"), [("", "24 November 2026"), ("Pacific/Kiritimati", "25 November 2026")])
def test_a_date_on_paper_is_the_readers(app: Flask, zone: str, written: str) -> None:
    with app.test_request_context(headers={"Cookie": f"{ZONE}={zone}"}):
        assert date(1_795_529_000) == written
