"""Whether the process is alive, and whether it can serve, for those who watch it."""

from __future__ import annotations

from flask import Blueprint, Response, current_app

from chat.web import state

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def alive() -> Response:
    """Say that the process answers."""
    return Response("ok\n", mimetype="text/plain")


@bp.get("/readyz")
def ready() -> Response:
    """Say that the process can serve, or in a sentence why not."""
    readiness = state.of(current_app).readiness
    problem = readiness.problem()
    return Response(f"{problem or 'ready'}\n", 503 if problem else 200, mimetype="text/plain")
