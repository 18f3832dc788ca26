"""Filters that write times and durations in templates."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Flask
from markupsafe import Markup

from chat.web.time_zones import reader_zone


def register(app: Flask) -> None:
    app.jinja_env.filters.update(time=time, date=date, duration=duration)


def moment(at: int) -> str:
    """Write a time for machines."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def time(at: int) -> Markup:
    """Write a time for machines and, in the reader's time zone, for people."""
    zone = reader_zone()
    shown = f"{datetime.fromtimestamp(at, zone):%-d %b %Y, %H:%M}{' UTC' * (zone is UTC)}"
    return Markup('<time datetime="{}">{}</time>').format(moment(at), shown)


def date(at: int) -> str:
    """Write a day in the reader's time zone."""
    return f"{datetime.fromtimestamp(at, reader_zone()):%-d %B %Y}"


def seconds(milliseconds: int) -> str:
    whole = round(milliseconds / 1000)
    if whole < 10:
        return f"{milliseconds / 1000:.1f} s"
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def duration(milliseconds: int) -> str:
    """Write whole seconds as a sentence has them."""
    whole = max(1, round(milliseconds / 1000))
    if whole >= 60:
        return seconds(milliseconds)
    return f"{whole} second" if whole == 1 else f"{whole} seconds"
