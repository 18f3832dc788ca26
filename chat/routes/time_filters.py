"""Filters that write times and durations in templates."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Flask

from chat.web.time_zones import reader_zone


def register(app: Flask) -> None:
    app.jinja_env.filters.update(moment=moment, day=day, date=date, seconds=seconds)


def moment(at: int) -> str:
    """Write a time for machines; a script puts it into the reader's language and time zone."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def day(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%-d %b %Y, %H:%M} UTC"


def date(at: int) -> str:
    """Write a day in the reader's time zone, for paper: a script leaves it as it is."""
    return f"{datetime.fromtimestamp(at, reader_zone()):%-d %B %Y}"


def seconds(milliseconds: int) -> str:
    whole = round(milliseconds / 1000)
    if whole < 10:
        return f"{milliseconds / 1000:.1f} s"
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"
