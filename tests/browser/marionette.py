"""Drive a Firefox with a saved sign-in over Marionette, whose commands reach its password manager.

Firefox's own driver uses this protocol (https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html): each
message is its length, a colon, and JSON.
"""

from __future__ import annotations

import json
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from tests.browser.firefox import Process
from tests.scripted import PATIENCE

# The preferences for drivers would switch off form filling.
PREFERENCES: dict[str, object] = {"marionette.port": 0, "remote.prefs.recommended": False}

SAVE = """
const [origin, name, password, done] = arguments
const login = Cc["@mozilla.org/login-manager/loginInfo;1"].createInstance(Ci.nsILoginInfo)
login.init(origin, origin, null, name, password, "email", "password")
Services.logins.initializationPromise.then(() => Services.logins.addLoginAsync(login)).then(() => done())
"""


class Marionette(Process):
    """A Firefox with one window."""

    def __init__(self, profile: Path):
        super().__init__(profile, PREFERENCES, "MarionetteActivePort", "--marionette", "--remote-allow-system-access")
        self._ids = count(1)

    @contextmanager
    def connected(self) -> Iterator[None]:
        """Wait until Firefox has started, and hold a session while a block runs."""
        address = ("127.0.0.1", int(self.listening()))
        with socket.create_connection(address, PATIENCE) as self._socket, self._socket.makefile("rb") as self._file:
            self._receive()
            self._command("WebDriver:NewSession", capabilities={})
            yield

    def save(self, origin: str, name: str, password: str) -> None:
        """Save a sign-in, as if the user had accepted Firefox's offer."""
        self._command("Marionette:SetContext", value="chrome")
        self._command("WebDriver:ExecuteAsyncScript", script=SAVE, args=[origin, name, password])
        self._command("Marionette:SetContext", value="content")

    def open(self, url: str) -> None:
        """Open an address and wait until its page is loaded."""
        self._command("WebDriver:Navigate", url=url)

    def run(self, expression: str) -> Any:
        """Evaluate an expression in the page."""
        return self._command("WebDriver:ExecuteScript", script=f"return {expression.strip()}", args=[])["value"]

    def _command(self, name: str, **parameters: Any) -> Any:
        text = json.dumps([0, next(self._ids), name, parameters])
        self._socket.sendall(f"{len(text)}:{text}".encode())
        *_, error, result = self._receive()
        assert error is None, error
        return result

    def _receive(self) -> Any:
        size = b""
        while (sign := self._file.read(1)) != b":":
            assert sign, "Firefox is gone."
            size += sign
        return json.loads(self._file.read(int(size)))


@contextmanager
def marionette() -> Iterator[Marionette]:
    """Run a Firefox while a block runs."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        firefox = Marionette(Path(profile))
        try:
            with firefox.connected():
                yield firefox
        finally:
            firefox.kill()
