"""Ids and other whole numbers in addresses and forms."""

from __future__ import annotations

import re

from werkzeug.routing import IntegerConverter

from chat.storage.database import NotFound

ID = "[0-9]{1,9}"
"""No more digits than every database can compare with an id."""


class IdConverter(IntegerConverter):
    """An id in an address; a longer number is not found."""

    regex = ID


def read_number(text: str) -> int | None:
    """Read a whole number of up to nine digits; None for anything else."""
    return int(text) if re.fullmatch(ID, text) else None


def read_id(text: str) -> int:
    """Read an id. Raise NotFound for any other text."""
    number = read_number(text)
    if number is None:
        raise NotFound
    return number
