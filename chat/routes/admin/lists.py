"""What the admins' pages share: lists that go on, and links for others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import current_app, request
from sqlalchemy import Row

from chat.database import NotFound


def before() -> int | None:
    """Read which row a page's rows stand before; None for the first page. Raises NotFound for what is no row's id."""
    text = request.args.get("before")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise NotFound
    return int(text)


def paged(rows: Sequence[Row], size: int) -> dict[str, Any]:
    """Tell what a page shows of rows that were read with one more, and the `last` of them where others follow."""
    return {"rows": rows[:size], "last": rows[size - 1].id if len(rows) > size else None}


def link(path: str) -> str:
    """Write the whole address of a page: by APP_URL, else by the name that whoever asks has for this instance."""
    return f"{current_app.extensions['settings']['APP_URL'] or request.host_url.rstrip('/')}{path}"
