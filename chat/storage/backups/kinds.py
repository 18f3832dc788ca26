"""What knows each kind of database."""

from __future__ import annotations

from typing import Any

from chat.storage.backups import postgres, sqlite
from chat.storage.backups.target import Place


def kind_of(place: Place) -> Any:
    """Give what knows a database's kind."""
    return sqlite if place.is_sqlite else postgres
