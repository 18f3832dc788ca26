"""What Rivulet counts, for Prometheus; for everybody else there is no such page."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, request

from chat.storage.database import NotFound
from chat.web import security, state

bp = Blueprint("metrics", __name__)


@bp.get("/metrics")
def show() -> Response:
    """Write the numbers of all workers of this server. Raises NotFound for who may not see them."""
    if not security.may_read_metrics(request):
        raise NotFound
    metrics = state.of(current_app).metrics
    return Response(metrics.render(), content_type="text/plain; version=0.0.4; charset=utf-8")
