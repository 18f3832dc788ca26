"""The reader's time zone: a script tells it in a header of its requests, and a cookie keeps it."""

from __future__ import annotations

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import Response, g, request

from chat.config.durations import YEAR
from chat.web import cookies

HEADER = "Time-Zone"


def reader_zone() -> tzinfo:
    """Return the time zone of the reader's browser; UTC if it isn't known."""
    if "zone" not in g:
        keep_zone(zone_named(request.headers.get(HEADER) or cookies.read(cookies.ZONE)) or UTC)
    return g.zone


def keep_zone(zone: tzinfo) -> None:
    """Let `reader_zone` return a zone, also where a stream renders without its request."""
    g.zone = zone


def zone_named(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return None


def remember_zone(response: Response) -> Response:
    """Keep a zone that a script tells for the first time."""
    told = request.headers.get(HEADER, "")
    if zone_named(told) and told != cookies.read(cookies.ZONE):
        cookies.set_cookie(response, cookies.ZONE, told, YEAR)
    return response
