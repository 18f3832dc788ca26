"""The audit log, in pages and as a file for other programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from flask import Blueprint, Response, render_template
from sqlalchemy import Row

from chat.people import audit
from chat.routes import time_filters
from chat.routes.admin import pagination
from chat.web import current_user
from chat.web.state import state
from chat.web.streams import abort_on_error

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a formula begins in a spreadsheet; the last four are the wide forms of the first four."""

Rows = Sequence[Row]

COLUMNS = ("id", "at", "actor_id", "actor", "action", "subject")

bp = Blueprint("admin_audit", __name__, url_prefix="/admin")


@bp.get("/audit")
def index() -> str:
    """Show a page of entries, newest first."""
    rows = audit.page(state.database, pagination.before_id())
    return render_template("admin/audit.html", **pagination.page_of(rows, audit.PAGE), actions=audit.ACTIONS)


@bp.get("/audit.csv")
def as_csv() -> Response:
    return stream_file(csv_of, "csv", "text/csv")


@bp.get("/audit.jsonl")
def as_json() -> Response:
    return stream_file(json_of, "jsonl", "application/jsonl")


class AccessRevoked(Exception):
    """The reader of a download has lost the right to it."""


def stream_file(write: Callable[[Rows], str], ending: str, mimetype: str) -> Response:
    """Stream all rows as a file; if that fails midway, the connection breaks."""
    session, store = current_user.session_name(), state.sessions
    head = csv_line(COLUMNS) if ending == "csv" else ""
    lines = write_parts(head, audit.batches(state.database), write, lambda: bool(store.find_ended([session])))
    response = Response(lines, mimetype=mimetype)
    response.headers["Content-Disposition"] = f'attachment; filename="audit.{ending}"'
    return response


def write_parts(
    head: str, batches: Iterable[Rows], write: Callable[[Rows], str], is_revoked: Callable[[], bool]
) -> Iterator[str]:
    """Write a head and batches of rows. Raises StreamAborted, also if the right ends meanwhile: it takes long."""
    with abort_on_error():
        yield head
        for rows in batches:
            if is_revoked():
                raise AccessRevoked
            yield write(rows)


def csv_of(rows: Rows) -> str:
    return "".join(csv_line(map(defuse, values_of(row).values())) for row in rows)


def csv_line(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def defuse(value: Any) -> str:
    """Write a cell that no spreadsheet runs: a person's name can be a formula."""
    cell = "" if value is None else str(value)
    return f"'{cell}" if cell.startswith(FORMULAS) else cell


def json_of(rows: Rows) -> str:
    return "".join(f"{json.dumps(values_of(row))}\n" for row in rows)


def values_of(row: Row) -> dict[str, Any]:
    """Return a row's values in the order of COLUMNS."""
    return {name: time_filters.moment(row.at) if name == "at" else getattr(row, name) for name in COLUMNS}
