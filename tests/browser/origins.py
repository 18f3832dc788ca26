"""Serve Rivulet at each kind of origin; each has a new team instance without an admin."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from flask import Response, request

from tests.browser.site import Site
from tests.deploy import nginx
from tests.serving import KEY

NAME, SUBDOMAIN, ELSEWHERE = "chat.lan", "evil.chat.lan", "evil.lan"
"""Names that lead both browsers to this machine; browsers don't trust them as they trust localhost."""


class Write(NamedTuple):
    """A POST that the app received, and the status of its answer."""

    path: str
    query: str
    status: int
    origin: str | None
    site: str | None
    cookies: frozenset[str]


class Instance:
    """The app at an origin, with or without a path prefix. `writes` lists the POSTs that it received."""

    def __init__(self, site: Site, scheme: str, host: str, port: int, path: str = ""):
        self.provider = site.provider
        self.app = site.app
        self.scheme, self.host = scheme, host
        self.url = f"{scheme}://{host}:{port}{path}"
        self.writes: list[Write] = []
        site.app.after_request_funcs[None].append(self._note)  # the proxy's readiness check can send requests first

    def _note(self, response: Response) -> Response:
        if request.method == "POST":
            query, sender = request.query_string.decode(), request.headers.get("Origin")
            site, cookies = request.headers.get("Sec-Fetch-Site"), frozenset(request.cookies)
            self.writes.append(Write(request.path, query, response.status_code, sender, site, cookies))
        return response

    def received(self, path: str, query: str, since: int) -> bool:
        """Wait a second for a POST to a path and query, after the first `since` writes; return whether it arrived."""
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline:
            if any((write.path, write.query) == (path, query) for write in self.writes[since:]):
                return True
            time.sleep(0.01)
        return False

    @property
    def neighbour(self) -> str:
        """Return another origin of the same site: a subdomain, or without one the same host with another port."""
        return SUBDOMAIN if self.host == NAME else self.host

    @property
    def is_trusted(self) -> bool:
        """Whether browsers trust the origin, and so send Sec-Fetch-Site."""
        return self.scheme == "https" or self.host == "localhost"


@contextmanager
def serving(folder: Path, tls: bool = False, **environ: str) -> Iterator[Site]:
    """Serve the app, on every network of the machine unless HOST is set."""
    site = Site(folder, tls, **{"ACCESS": "team", "SECRET_KEY": KEY, "HOST": "0.0.0.0", **environ})
    try:
        yield site
    finally:
        site.close()


@contextmanager
def plain(folder: Path, host: str) -> Iterator[Instance]:
    """Serve over plain http."""
    with serving(folder) as site:
        yield Instance(site, "http", host, site.server.server_port)


@contextmanager
def encrypted(folder: Path) -> Iterator[Instance]:
    """Serve over https without a proxy."""
    with serving(folder, tls=True) as site:
        yield Instance(site, "https", NAME, site.server.server_port)


Proxy = Callable[[int, str, Path], AbstractContextManager[int]]
"""Runs a proxy in front of an app's port, with a name, in a folder; yields the proxy's port."""


@contextmanager
def proxied(folder: Path, proxy: Proxy = nginx.in_front_of) -> Iterator[Instance]:
    """Serve behind a proxy, with the settings and the configuration in the documentation."""
    with (
        serving(folder, HOST="127.0.0.1", TRUSTED_PROXIES="1", APP_URL=f"https://{NAME}") as site,
        proxy(site.server.server_port, NAME, folder) as port,
    ):
        yield Instance(site, "https", NAME, port)


def own_address() -> str:
    """Find an address of this machine that isn't loopback. Connecting a UDP socket sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("This machine has only a loopback address.")
        return str(probe.getsockname()[0])


Origin = Callable[[Path], AbstractContextManager[Instance]]

ORIGINS: list[tuple[str, Origin]] = [
    ("localhost", lambda folder: plain(folder, "localhost")),
    ("name", lambda folder: plain(folder, NAME)),
    ("address", lambda folder: plain(folder, own_address())),
    ("https", encrypted),
    ("nginx", proxied),
]
