"""Pagination of the admin pages' lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import request

from chat.web.ids import read_id


def before_id() -> int | None:
    """Read the id that the page's rows come before; None for the first page. Raises NotFound if it is no id."""
    text = request.args.get("before")
    return None if text is None else read_id(text)


def page_of(rows: Sequence[Any], size: int) -> dict[str, Any]:
    """Return a page's `rows`, and the `last` id if more follow. `rows` has one more than a page shows, if there are."""
    return {"rows": rows[:size], "last": rows[size - 1].id if len(rows) > size else None}
