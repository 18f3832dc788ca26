"""Serve the app in this process, so that a test can open and close the provider's gates."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from playwright.sync_api import Page
from werkzeug.serving import WSGIRequestHandler, make_server

import app as front_door
from chat import config
from tests.marked import SECRETS
from tests.providers.tls import CONTEXT, secured
from tests.scripted import Scripted
from tests.serving import UNLIMITED


class Quiet(WSGIRequestHandler):
    """A request handler without an access log."""

    def log_request(self, *_: Any) -> None:
        """Log nothing."""


class Site:
    """The app with a scripted provider on its own port, over TLS if wanted; HOST=0.0.0.0 opens it to other machines."""

    def __init__(self, folder: Path, tls: bool = False, /, **environ: str):
        self.provider = Scripted()
        self.app = front_door.build(
            config.load({"INSTANCE": str(folder), **UNLIMITED, **SECRETS, **environ}), {"scripted": self.provider}
        )
        self.server = make_server(environ.get("HOST", "127.0.0.1"), 0, self.app, threaded=True, request_handler=Quiet)
        if tls:
            self.server.ssl_context = CONTEXT
            self.server.socket = secured(self.server.socket)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.app.extensions["rivulet"].database.dispose()


def send(page: Page, text: str) -> None:
    page.locator("#text").fill(text)
    page.get_by_role("button", name="Send").click(no_wait_after=True)
