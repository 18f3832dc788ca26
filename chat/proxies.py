"""What proxies in front of the app say about a request, and how much of that is believed."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.middleware.proxy_fix import ProxyFix

from chat.config import is_loopback

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SAYINGS = ("FORWARDED", "VIA", "X_REAL_IP", "X_FORWARDED_FOR", "X_FORWARDED_HOST", "X_FORWARDED_PROTO")
"""The headers by which proxies give themselves away, as WSGI writes them."""

HINT = (
    "A request says that it was forwarded, but TRUSTED_PROXIES is 0, so that isn't believed: whoever comes through a "
    "proxy has the proxy's address, and cookies are not kept to https. Set TRUSTED_PROXIES to the number of proxies of "
    "yours that stand in front; where there is none, somebody made it up."
)

logger = logging.getLogger(__name__)


def believe(app: WSGIApplication, count: int) -> WSGIApplication:
    """Have an app see whom the outermost of `count` proxies saw, and the scheme that the last one saw; 0 believes none.

    Proxies add to X-Forwarded-For, and most of them write X-Forwarded-Proto anew. The host stays what it is.
    """
    return ProxyFix(app, x_for=count, x_proto=1) if count else Unbelieving(app)


class Unbelieving:
    """Ignores what proxies say, and tells the log of it once."""

    def __init__(self, app: WSGIApplication):
        self.app = app
        self.told = False

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not self.told and "HTTP_X_FORWARDED_FOR" in environ:
            self.told = True
            logger.warning(HINT)
        return self.app(environ, start_response)


def is_from_here(environ: WSGIEnvironment) -> bool:
    """Tell whether a request was made on this machine and through no proxy, as far as proxies say that they are one."""
    peer = environ.get("werkzeug.proxy_fix.orig", environ).get("REMOTE_ADDR") or ""
    return is_loopback(peer) and not any(f"HTTP_{saying}" in environ for saying in SAYINGS)
