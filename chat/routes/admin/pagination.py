"""Lists of the admins' pages, which go on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import request

from chat.storage.database import NotFound


def before() -> int | None:
    """Read which row a page's rows stand before; None for the first page. Raises NotFound for what is no row's id."""
    text = request.args.get("before")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise NotFound
    return int(text)


def paged(rows: Sequence[Any], size: int) -> dict[str, Any]:
    """Tell what a page shows of rows that were read with one more, and the `last` of them where others follow."""
    return {"rows": rows[:size], "last": rows[size - 1].id if len(rows) > size else None}
