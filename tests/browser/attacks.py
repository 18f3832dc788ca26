"""Serve another site, whose pages send writes to the app in a visitor's name, in every way a page can."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from typing import NamedTuple

from tests.providers.tls import secured

SUBMIT = "<script>document.forms[0].submit()</script>"
FETCH = """<script>
const form = document.forms[0], body = new URLSearchParams(new FormData(form))
fetch(form.action, { method: "POST", mode: "no-cors", credentials: "include", body })
</script>"""


class Way(NamedTuple):
    """A way to send a write; its fields say how its page differs from a plain form in a frame."""

    name: str
    head: str = ""
    form: str = ""
    frame: str = ""
    script: str = SUBMIT


WAYS = [
    Way("form"),
    Way("text", form='enctype="text/plain"'),
    Way("referrer", head='<meta name="referrer" content="no-referrer">', form='rel="noreferrer"'),
    Way("sandbox", frame='sandbox="allow-forms allow-scripts"'),
    Way("fetch", script=FETCH),
]


class Try(NamedTuple):
    """One write in one way; the query of its address names both."""

    url: str
    path: str
    fields: dict[str, str]
    way: Way

    def page(self, script: bool) -> str:
        """Write a page that is one large button; with JavaScript, a script sends its form."""
        hidden = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in self.fields.items())
        button = '<button style="position: fixed; inset: 0">Win a prize</button>'
        action = f"{self.url}{self.path}?{self.way.name}"
        form = f'<form method="post" action="{action}" {self.way.form}>{hidden}{button}</form>'
        return f"<!doctype html>{self.way.head}{form}{self.way.script if script else ''}"

    def frame(self, script: bool) -> str:
        """Write a frame that shows that page."""
        return f'<iframe width="99" height="30" {self.way.frame} srcdoc="{escape(self.page(script))}"></iframe>'


def tries(url: str, writes: dict[str, dict[str, str]], script: bool) -> list[Try]:
    """List every write in every way that works with JavaScript, or without."""
    ways = [way for way in WAYS if script or way.script is SUBMIT]
    return [Try(url, *write, way) for way, write in product(ways, writes.items())]


class Stranger(ThreadingHTTPServer):
    """A server that answers every request with its `page`."""

    daemon_threads = True
    page = ""

    def handle_error(self, *_: object) -> None:
        """Ignore the error: a browser can leave at any time."""


class Answer(BaseHTTPRequestHandler):
    """The handler of one request."""

    server: Stranger

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.server.page.encode())

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def stranger(tls: bool) -> Iterator[Stranger]:
    """Serve another site over https, or over plain http."""
    with Stranger(("0.0.0.0", 0), Answer) as server:
        if tls:
            server.socket = secured(server.socket)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
