"""The access log: a line for each request, with an ID to find it by.

The line says what was asked for and how that went, not who asked. It holds an address's pattern and its numeric ids:
anything else can be a secret, or forge another line.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from flask import Flask, Request

from chat.metrics import Metrics
from chat.server.logs import JOURNAL, REQUEST_ID
from chat.web.state import state_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

UNLOGGED = {"health.alive", "health.ready", "health.metrics", "assets.show"}
"""Endpoints that machines ask for again and again."""

REQUEST_ID_FORM = re.compile(r"[A-Za-z0-9-]{1,64}")
PARAMETER = re.compile(r"<(?:[^<>]*:)?(\w+)>")

logger = logging.getLogger(JOURNAL)


class AccessLog:
    """Wraps an app. It takes the request ID of a trusted proxy, or makes one."""

    def __init__(self, app: Flask, trusts_proxy: bool):
        self.app = app.wsgi_app
        self.metrics = state_of(app).metrics
        self.metrics.requests.expect(label_sets(app))
        self.trusts_proxy = trusts_proxy

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        given = environ.get("HTTP_X_REQUEST_ID", "") if self.trusts_proxy else ""
        request_id = given if REQUEST_ID_FORM.fullmatch(given) else secrets.token_hex(16)
        REQUEST_ID.set(request_id)
        entry = Entry(environ, request_id, start_response)
        body = self.app(environ, entry.start)
        self.metrics.requests.add(entry.route, entry.method, f"{entry.status[0]}xx")
        entry.write()
        return CountedStream(body, entry, self.metrics) if entry.is_stream else body


class Entry:
    """The line of one request."""

    def __init__(self, environ: WSGIEnvironment, request_id: str, start_response: StartResponse):
        self.environ = environ
        self.request_id = request_id
        self.method: str = environ["REQUEST_METHOD"]
        self.status, self.length = "500", ""
        self.route, self.path, self.is_logged, self.is_stream = "none", "", True, False
        self._respond = start_response
        self._began = time.monotonic()

    def start(self, status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
        """Note what is logged, and begin the response with the request ID."""
        self.status = status[:3]
        self.length = next((value for name, value in headers if name == "Content-Length"), "")
        self.is_stream = self.status == "200" and not self.length
        request: Request = self.environ["werkzeug.request"]
        self.route = request.url_rule.rule if request.url_rule else "none"
        self.path = path_of(request)
        self.is_logged = request.endpoint not in UNLOGGED
        return self._respond(status, [*headers, ("X-Request-ID", self.request_id)], *error)

    def write(self, sent: int | None = None) -> None:
        """Write the line when a response begins, and another one when a stream ends after `sent` bytes."""
        if not self.is_logged:
            return
        size = int(self.length or 0) if sent is None and not self.is_stream else sent
        what = f"stream ended, {sent} B" if sent is not None else "stream" if self.is_stream else f"{size} B"
        milliseconds = round((time.monotonic() - self._began) * 1000)
        fields = {"method": self.method, "path": self.path, "route": self.route, "status": int(self.status)}
        fields |= {"bytes": size, "ms": milliseconds}
        texts = (self.method, self.path, self.status, what, milliseconds)
        logger.info("%s %s %s %s %d ms", *texts, extra={"fields": fields})


class CountedStream:
    """The body of a stream; the metrics count it while it is open."""

    def __init__(self, body: Iterable[bytes], entry: Entry, metrics: Metrics):
        self._body, self._chunks = body, iter(body)
        self._entry, self._metrics = entry, metrics
        self._sent = 0
        metrics.streams.add()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = next(self._chunks)
        self._sent += len(chunk)
        return chunk

    def close(self) -> None:
        self._metrics.streams.add(by=-1)
        self._entry.write(self._sent)
        if close := getattr(self._body, "close", None):
            close()


def path_of(request: Request) -> str:
    """Return a route's pattern with the numeric ids in it; nothing of an address that doesn't exist."""
    if request.url_rule is None:
        return "-"
    values: dict[str, Any] = request.view_args or {}
    ids = {name: str(value) for name, value in values.items() if isinstance(value, int)}
    return PARAMETER.sub(lambda found: ids.get(found[1], found[0]), request.url_rule.rule)


def label_sets(app: Flask) -> Iterator[tuple[str, str, str]]:
    """List the labels of the requests' metric: route, method, and class of status."""
    known = [(rule.rule, method) for rule in app.url_map.iter_rules() for method in sorted(rule.methods or ())]
    for route, method in [*known, *(("none", method) for method in ("GET", "HEAD", "POST"))]:
        yield from ((route, method, status) for status in ("2xx", "3xx", "4xx", "5xx"))
