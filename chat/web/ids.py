"""Ids and other whole numbers that come in addresses and forms."""

from __future__ import annotations

import re

from werkzeug.routing import IntegerConverter

from chat.storage.database import NotFound

ID = "[0-9]{1,9}"
"""As many digits as every database can compare with an id."""


class IdConverter(IntegerConverter):
    """An id in an address; a longer number is no address of ours."""

    regex = ID


def read_number(text: str) -> int | None:
    """Read a whole number as long as an id; None for anything else."""
    return int(text) if re.fullmatch(ID, text) else None


def read_id(text: str) -> int:
    """Read an id. Raises NotFound for a text that is none."""
    number = read_number(text)
    if number is None:
        raise NotFound
    return number
