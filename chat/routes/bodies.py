"""The bodies of requests: one that breaks off, or is no HTTP, is the sender's fault."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

bp = Blueprint("bodies", __name__)


class Body:
    """A server's input stream whose every failure is an OSError, which Werkzeug answers with 400.

    gunicorn raises classes of its own for chunks that are none.
    """

    def __init__(self, stream: Any):
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes. Raises OSError."""
        try:
            return self._stream.read(size)
        except Exception as error:
            raise OSError("the body can't be read") from error


@bp.before_app_request
def watch_body() -> None:
    """Put a Body in the place of the server's stream, before anyone reads it."""
    request.environ["wsgi.input"] = Body(request.environ["wsgi.input"])
