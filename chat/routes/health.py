"""What monitoring asks a process: whether it is alive, whether it can serve, and for Prometheus what it counts."""

from __future__ import annotations

from flask import Blueprint, Response, request

from chat.storage.database import NotFound
from chat.web import security
from chat.web.state import state

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def alive() -> Response:
    """Say that the process answers."""
    return Response("ok\n", mimetype="text/plain")


@bp.get("/readyz")
def ready() -> Response:
    """Say that the process can serve, or in a sentence why not."""
    problem = state.readiness.problem()
    return Response(f"{problem or 'ready'}\n", 503 if problem else 200, mimetype="text/plain")


@bp.get("/metrics")
def metrics() -> Response:
    """Write the numbers of all workers of this server. Raises NotFound for those who can't see them."""
    if not security.may_read_metrics(request):
        raise NotFound
    written = state.metrics.render()
    return Response(written, content_type="text/plain; version=0.0.4; charset=utf-8")
