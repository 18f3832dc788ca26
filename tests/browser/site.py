"""Serve the app in this process, so that a test can open and close the provider's gates."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import requests
from playwright.sync_api import Page, StorageState, StorageStateCookie
from werkzeug.serving import WSGIRequestHandler, make_server

import app as front_door
from chat import config
from chat.storage.database import Database
from tests.marked import PASSWORD, SECRETS
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

    @property
    def database(self) -> Database:
        return self.app.extensions["rivulet"].database

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.database.dispose()


def send(page: Page, text: str) -> None:
    page.locator("#text").fill(text)
    page.get_by_role("button", name="Send").click(no_wait_after=True)


def signed_in(site: Site, email: str = "ann@example.org", agent: str = "Firefox") -> StorageState:
    """Sign a person in; return a browser's state that says so. Accounts shows a browser of the name `agent`."""
    fields, headers = {"email": email, "password": PASSWORD}, {"User-Agent": agent}
    answer = requests.post(f"{site.url}/sign-in", data=fields, headers=headers, allow_redirects=False, timeout=10)
    return {"cookies": [cookie_of(name, value) for name, value in answer.cookies.items()]}


def cookie_of(name: str, value: str) -> StorageStateCookie:
    return {"name": name, "value": value, "domain": "127.0.0.1", "path": "/", "httpOnly": True, "sameSite": "Lax"}
