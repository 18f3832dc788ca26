"""The endpoints for monitoring: /healthz, /readyz and /metrics."""

from __future__ import annotations

from flask import Blueprint, Response, request

from chat.storage.database import NotFound
from chat.web import security
from chat.web.state import state

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def alive() -> Response:
    return Response("ok\n", mimetype="text/plain")


@bp.get("/readyz")
def ready() -> Response:
    """Answer 200 if the process can serve, else 503 and the reason in a sentence."""
    problem = state.readiness.problem()
    return Response(f"{problem or 'ready'}\n", 503 if problem else 200, mimetype="text/plain")


@bp.get("/metrics")
def metrics() -> Response:
    """Send the metrics of all workers. Raises NotFound for visitors who can't see them."""
    if not security.may_read_metrics(request):
        raise NotFound
    written = state.metrics.render()
    return Response(written, content_type="text/plain; version=0.0.4; charset=utf-8")
