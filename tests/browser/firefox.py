"""Drive a real Firefox over WebDriver BiDi (https://w3c.github.io/webdriver-bidi).

Playwright drives only its own build of Firefox, which Debian doesn't have.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from tests.scripted import PATIENCE

WIDTH, HEIGHT = 1280, 1600
"""A window so large that no test page scrolls, so that no target moves away from a click."""

HANDSHAKE = """GET /session HTTP/1.1\r
Host: 127.0.0.1:{port}\r
Upgrade: websocket\r
Connection: Upgrade\r
Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r
Sec-WebSocket-Version: 13\r
\r
"""
MASK = b"mask"
"""A client must mask its frames (RFC 6455, 5.3), and Firefox refuses a mask of zeros."""


class Refused(Exception):
    """Firefox could not execute a command, for example because the page was closing."""


class WebSocket:
    """The part of RFC 6455 that Firefox needs. It sends a text in one frame and reads a text from any number of
    frames."""

    def __init__(self, port: int):
        self.socket = socket.create_connection(("127.0.0.1", port), 3 * PATIENCE)
        self.socket.sendall(HANDSHAKE.format(port=port).encode())
        self.file = self.socket.makefile("rb")
        while self.file.readline().strip():
            pass

    def send(self, text: str) -> None:
        data = text.encode()
        masked = bytes(byte ^ MASK[place % 4] for place, byte in enumerate(data))
        self.socket.sendall(b"\x81" + length(len(data)) + MASK + masked)

    def receive(self) -> str:
        text = b""
        while True:
            first, size = self.file.read(2)
            if size >= 126:
                size = int.from_bytes(self.file.read(2 if size == 126 else 8))
            text += self.file.read(size)
            if first & 0x80:
                return text.decode()

    def close(self) -> None:
        self.file.close()
        self.socket.close()


def length(size: int) -> bytes:
    """Encode the length of a masked frame."""
    if size < 126:
        return bytes([0x80 | size])
    return struct.pack(">BH", 0xFE, size) if size < 65_536 else struct.pack(">BQ", 0xFF, size)


class Process:
    """The Firefox that FIREFOX names, with a new profile; Firefox writes its driver address into the profile."""

    def __init__(self, profile: Path, preferences: dict[str, object], told: str, *arguments: str):
        self.told = profile / told
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in preferences.items()]
        (profile / "user.js").write_text("".join(lines))
        window = {"MOZ_HEADLESS_WIDTH": str(WIDTH), "MOZ_HEADLESS_HEIGHT": str(HEIGHT)}
        self.process = subprocess.Popen(
            [os.environ["FIREFOX"], "--headless", "--profile", str(profile), *arguments],
            env={**os.environ, **window, "HOME": str(profile)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def listening(self) -> str:
        """Wait until Firefox has started; return the file with its address."""
        deadline = time.monotonic() + 3 * PATIENCE
        while not self.told.exists() or not self.told.read_text():
            assert self.process.poll() is None and time.monotonic() < deadline, "Firefox doesn't start."
            time.sleep(0.02)
        return self.told.read_text()

    def kill(self) -> None:
        """Kill all its processes."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)


class Firefox(Process):
    """A Firefox driven over BiDi; JavaScript is on or off in all its pages."""

    def __init__(self, profile: Path, script: bool):
        self.script = script
        # Every host leads to this machine: the tests' names, even an address, and the hosts that Firefox itself
        # contacts. Before its first paint, a quarter of a second late by default, a page can lose clicks.
        preferences = {
            "network.dns.forceResolve": "127.0.0.1",
            "javascript.enabled": script,
            "nglayout.initialpaint.delay": 0,
        }
        super().__init__(profile, preferences, "WebDriverBiDiServer.json", "--remote-debugging-port", "0")

    def connect(self) -> None:
        """Wait until Firefox has started, and begin a session."""
        self.connection = WebSocket(int(json.loads(self.listening())["ws_port"]))
        self.ids = count(1)
        self.command("session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})

    def command(self, name: str, **parameters: Any) -> dict[str, Any]:
        """Run a command and return its result. Raises Refused."""
        sent = next(self.ids)
        self.connection.send(json.dumps({"id": sent, "method": name, "params": parameters}))
        while (answer := json.loads(self.connection.receive())).get("id") != sent:
            pass
        if answer["type"] == "error":
            raise Refused(answer["message"])
        return dict(answer["result"])


@contextmanager
def running(script: bool) -> Iterator[Firefox]:
    """Run a Firefox while a block runs."""
    # A dying Firefox still writes files, so deleting the folder can fail at first.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        firefox = Firefox(Path(profile), script)
        try:
            firefox.connect()
            yield firefox
            firefox.connection.close()
        finally:
            firefox.kill()
