"""The reader's time zone, which a script tells in a cookie."""

from __future__ import annotations

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import g

from chat.web import cookies


def reader_zone() -> tzinfo:
    """Return the time zone of the reader's browser; UTC if it isn't known."""
    if "zone" not in g:
        keep_zone(read_zone())
    return g.zone


def keep_zone(zone: tzinfo) -> None:
    """Let `reader_zone` return a zone, also where a stream renders without its request."""
    g.zone = zone


def read_zone() -> tzinfo:
    try:
        return ZoneInfo(cookies.read(cookies.ZONE) or "UTC")
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return UTC
