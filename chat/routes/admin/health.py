"""The health page: version, database, load, and warnings about the platform."""

from __future__ import annotations

import platform
from typing import Any

from flask import Blueprint, render_template

from chat import VERSION
from chat.replies import log
from chat.storage import engines
from chat.storage.schema import HEAD
from chat.web.state import state

bp = Blueprint("admin_health", __name__, url_prefix="/admin/health")


@bp.get("")
def show() -> str:
    here = state
    problem = here.readiness.problem()
    return render_template("admin/health.html", problem=problem, warnings=here.warnings, facts=facts())


def facts() -> dict[str, Any]:
    here = state
    database = here.database
    return {
        "Rivulet": VERSION,
        "Python": platform.python_version(),
        "Database": engines.describe(database.engine),
        "Size": size(engines.size_of(database.engine)),
        "Schema": HEAD,
        "Answers in progress": log.count_generating(database),
        "Workers": len(state.metrics.board.totals().pids),
    }


def size(octets: int) -> str:
    return f"{octets / 1e9:.1f} GB" if octets >= 1e9 else f"{octets / 1e6:.1f} MB"
