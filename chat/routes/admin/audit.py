"""The audit log: page by page, and as a file for other programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from flask import Blueprint, Response, render_template
from sqlalchemy import Row

from chat.people import audit
from chat.people.sessions import SessionStore
from chat.routes import time_filters
from chat.routes.admin import pagination
from chat.web import current_user
from chat.web.state import state
from chat.web.streams import abort_on_error

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a cell begins that a spreadsheet takes for a formula; the last four are the wide forms of the first."""

Rows = Sequence[Row]

COLUMNS = ("id", "at", "actor_id", "actor", "action", "subject")

bp = Blueprint("admin_audit", __name__, url_prefix="/admin")


@bp.get("/audit")
def index() -> str:
    """Show what was done, the newest first."""
    rows = audit.page(state.database, pagination.before_id())
    return render_template("admin/audit.html", **pagination.page_of(rows, audit.PAGE), actions=audit.ACTIONS)


@bp.get("/audit.csv")
def as_csv() -> Response:
    """Give all of it as a table."""
    return stream_file(csv_of, "csv", "text/csv")


@bp.get("/audit.jsonl")
def as_json() -> Response:
    """Give all of it as an object a line."""
    return stream_file(json_of, "jsonl", "application/jsonl")


class AccessRevoked(Exception):
    """Who reads the audit log may not see the rest of it."""


def stream_file(write: Callable[[Iterable[Row]], str], ending: str, mimetype: str) -> Response:
    """Send all rows as a file, some at a time; where it can't be sent to its end the connection breaks."""
    batches = while_allowed(current_user.session_name(), state.sessions, audit.batches(state.database))
    lines = parts(batches, write, csv_line(COLUMNS) if ending == "csv" else "")
    response = Response(lines, mimetype=mimetype)
    response.headers["Content-Disposition"] = f'attachment; filename="audit.{ending}"'
    return response


def while_allowed(session: str, store: SessionStore, batches: Iterable[Rows]) -> Iterator[Rows]:
    """Give batches of rows as long as a session lasts, and with it the right: that takes long. Raises RightEnded."""
    for rows in batches:
        if store.find_ended([session]):
            raise AccessRevoked
        yield rows


def parts(batches: Iterable[Rows], write: Callable[[Iterable[Row]], str], head: str) -> Iterator[str]:
    """Write batches of rows, after a head. Raises StreamAborted."""
    with abort_on_error():
        yield head
        for rows in batches:
            yield write(rows)


def csv_of(rows: Iterable[Row]) -> str:
    """Write rows as lines of a table."""
    return "".join(csv_line(map(defuse, values_of(row).values())) for row in rows)


def csv_line(cells: Iterable[str]) -> str:
    """Write one line of a table."""
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def defuse(value: Any) -> str:
    """Write a cell that no spreadsheet runs: anybody may call themselves by a formula."""
    cell = "" if value is None else str(value)
    return f"'{cell}" if cell.startswith(FORMULAS) else cell


def json_of(rows: Iterable[Row]) -> str:
    """Write rows as an object a line."""
    return "".join(f"{json.dumps(values_of(row))}\n" for row in rows)


def values_of(row: Row) -> dict[str, Any]:
    """Describe a row by plain values, in the order of COLUMNS."""
    return {name: time_filters.moment(row.at) if name == "at" else getattr(row, name) for name in COLUMNS}
