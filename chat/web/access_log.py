"""The access log: a line for each request, with a number by which it is found.

The line says what was asked for and how that went, not by whom. Of an address it holds the pattern and ids: anything
else can be a secret, or made up to look like another line.
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
"""What machines ask for again and again."""

REQUEST_ID_FORM = re.compile(r"[A-Za-z0-9-]{1,64}")
PARAMETER = re.compile(r"<(?:[^<>]*:)?(\w+)>")

logger = logging.getLogger(JOURNAL)


class AccessLog:
    """Wraps an app. Where a proxy is trusted, so is the request ID that it gives."""

    def __init__(self, app: Flask, trusts_proxy: bool):
        self.app = app.wsgi_app
        self.metrics = state_of(app).metrics
        self.metrics.requests.expect(label_sets(app))
        self.trusts_proxy = trusts_proxy

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        number = self._request_id(environ)
        REQUEST_ID.set(number)
        entry = Entry(environ, number, start_response)
        body = self.app(environ, entry.start)
        self.metrics.requests.add(entry.route, entry.method, f"{entry.status[0]}xx")
        entry.write()
        return CountedStream(body, entry, self.metrics) if entry.is_stream else body

    def _request_id(self, environ: WSGIEnvironment) -> str:
        given = environ.get("HTTP_X_REQUEST_ID", "") if self.trusts_proxy else ""
        return given if REQUEST_ID_FORM.fullmatch(given) else secrets.token_hex(16)


class Entry:
    """The line of one request."""

    def __init__(self, environ: WSGIEnvironment, number: str, start_response: StartResponse):
        self.environ = environ
        self.number = number
        self.method: str = environ["REQUEST_METHOD"]
        self.status, self.length = "500", ""
        self.route, self.path, self.is_logged = "none", "", True
        self._respond = start_response
        self._began = time.monotonic()

    def start(self, status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
        """Begin the answer, with the request's number."""
        self.status = status[:3]
        self.length = next((value for name, value in headers if name == "Content-Length"), "")
        self._note(self.environ["werkzeug.request"])
        return self._respond(status, [*headers, ("X-Request-ID", self.number)], *error)

    def _note(self, request: Request) -> None:
        self.route = request.url_rule.rule if request.url_rule else "none"
        self.path = path_of(request)
        self.is_logged = request.endpoint not in UNLOGGED

    @property
    def is_stream(self) -> bool:
        """Tell whether an answer comes whose length nobody knows yet."""
        return self.status == "200" and not self.length

    def write(self) -> None:
        """Write the line, as soon as the first byte of the answer is there."""
        if self.is_stream:
            self._log("stream", None)
        else:
            self._log(f"{self.length or 0} B", int(self.length or 0))

    def write_end(self, sent: int) -> None:
        """Write a second line, where a stream ends."""
        self._log(f"stream ended, {sent} B", sent)

    def _log(self, what: str, size: int | None) -> None:
        if not self.is_logged:
            return
        milliseconds = round((time.monotonic() - self._began) * 1000)
        fields = {"method": self.method, "path": self.path, "route": self.route, "status": int(self.status)}
        fields |= {"bytes": size, "ms": milliseconds}
        line = "%s %s %s %s %d ms"
        logger.info(line, self.method, self.path, self.status, what, milliseconds, extra={"fields": fields})


class CountedStream:
    """The body of an answer that streams, counted while it is open."""

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
        """End the stream; a WSGI server calls this once."""
        self._metrics.streams.add(by=-1)
        self._entry.write_end(self._sent)
        if close := getattr(self._body, "close", None):
            close()


def path_of(request: Request) -> str:
    """Write what was asked for: its pattern with the ids in it; nothing of an address that there isn't."""
    if request.url_rule is None:
        return "-"
    values: dict[str, Any] = request.view_args or {}
    ids = {name: str(value) for name, value in values.items() if isinstance(value, int)}
    return PARAMETER.sub(lambda found: ids.get(found[1], found[0]), request.url_rule.rule)


def label_sets(app: Flask) -> Iterator[tuple[str, str, str]]:
    """List what requests are counted by: each route with its methods, and what is no route, and the class of status."""
    known = [(rule.rule, method) for rule in app.url_map.iter_rules() for method in sorted(rule.methods or ())]
    for route, method in [*known, *(("none", method) for method in ("GET", "HEAD", "POST"))]:
        yield from ((route, method, status) for status in ("2xx", "3xx", "4xx", "5xx"))
