"""Lists of the admins' pages, which go on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import request

from chat.web.ids import read_id


def before_id() -> int | None:
    """Read which row a page's rows stand before; None for the first page. Raises NotFound for what is no row's id."""
    text = request.args.get("before")
    return None if text is None else read_id(text)


def page_of(rows: Sequence[Any], size: int) -> dict[str, Any]:
    """Tell what a page shows of rows that were read with one more, and the `last` of them where others follow."""
    return {"rows": rows[:size], "last": rows[size - 1].id if len(rows) > size else None}
