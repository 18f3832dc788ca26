"""The reader's time zone, which a script tells in a cookie."""

from __future__ import annotations

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chat.web import cookies


def reader_zone() -> tzinfo:
    """Return the time zone of the reader's browser; UTC if it isn't known."""
    try:
        return ZoneInfo(cookies.read(cookies.ZONE) or "UTC")
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return UTC
