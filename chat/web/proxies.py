"""What proxies in front of the app say about a request, and how much of that is believed."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.middleware.proxy_fix import ProxyFix

from chat.config import Settings, WrongSetting, is_loopback
from chat.config.parsers import path

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Flask

PROXY_HEADERS = (
    "FORWARDED",
    "VIA",
    "X_REAL_IP",
    "X_FORWARDED_FOR",
    "X_FORWARDED_HOST",
    "X_FORWARDED_PROTO",
    "X_FORWARDED_PREFIX",
)
"""The headers by which proxies give themselves away, as WSGI writes them."""

HINT = (
    "A request says that it was forwarded, but TRUSTED_PROXIES is 0, so that isn't believed: whoever comes through a "
    "proxy has the proxy's address, and cookies are not kept to https. Set TRUSTED_PROXIES to the number of proxies of "
    "yours that stand in front; where there is none, somebody made it up."
)

logger = logging.getLogger(__name__)


def trust_proxies(app: WSGIApplication, count: int, under: str = "") -> WSGIApplication:
    """Have an app see whom the outermost of `count` proxies saw, and the scheme that the last one saw; 0 believes none.

    Proxies add to X-Forwarded-For, and most of them write X-Forwarded-Proto anew. The host stays what it is. So does
    the path that the app is `under`; where that is empty, the last proxy says it in X-Forwarded-Prefix.
    """
    placed = PathPrefix(app, under)
    return ProxyFix(placed, x_for=count, x_proto=1, x_prefix=1) if count else IgnoreForwarded(placed)


class PathPrefix:
    """Serves an app under a path of its host, whether a proxy in front takes the path off or leaves it on.

    Without a path of its own the app is under SCRIPT_NAME, as servers and ProxyFix tell it.
    """

    def __init__(self, app: WSGIApplication, under: str):
        self.app = app
        self.under = under

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        root = self.under or valid_prefix(environ.get("SCRIPT_NAME", ""))
        asked = environ.get("PATH_INFO", "")
        environ["SCRIPT_NAME"] = root
        environ["PATH_INFO"] = (asked[len(root) :] if f"{asked}/".startswith(f"{root}/") else asked) or "/"
        return self.app(environ, start_response)


def valid_prefix(told: str) -> str:
    """Give a path back where it can be one; an address that it would spoil is written without it."""
    try:
        return path(told)
    except ValueError:
        return ""


def require_unused_prefix(app: Flask, under: str) -> None:
    """Refuse a path that begins as addresses of the app do: a proxy may take it off or not. Raises WrongSetting."""
    taken = {rule.rule.split("/")[1] for rule in app.url_map.iter_rules()}
    if under and under.split("/")[1] in taken:
        raise WrongSetting(f"Rivulet can't be under {under}, as it has such an address itself. Choose another path.")


def check_auth_header(settings: Settings) -> None:
    """Refuse AUTH_HEADER where anybody could send it, or where it would not be the only word. Raises WrongSetting."""
    if not settings.auth_header:
        return
    if settings.trusted_proxies < 1 or settings.access != "team":
        raise WrongSetting(
            "AUTH_HEADER is believed of proxies of yours alone, and for a team: set TRUSTED_PROXIES to the number of "
            "proxies that stand in front, and ACCESS=team."
        )
    if settings.oidc_issuer:
        raise WrongSetting("AUTH_HEADER and OIDC_ISSUER both say who somebody is. Set one of the two.")


def forwarded_header(environ: WSGIEnvironment, header: str, count: int) -> str:
    """Give what the proxies in front say in a header; nothing where they don't, or where it isn't they who say it.

    A header that came twice has a comma in it, as servers join the two: one of them may be a visitor's own.
    """
    if not is_from_trusted_proxy(environ, count):
        return ""
    return str(environ.get(f"HTTP_{header.upper().replace('-', '_')}", "")).strip()


def is_from_trusted_proxy(environ: WSGIEnvironment, count: int) -> bool:
    """Tell whether a request can have come through so many proxies of ours.

    Who sends what they would add can't be told from them. What is known is the machine that speaks to this one: it has
    to be near, on this machine or in a private network, and never one of the Internet.
    """
    passed = [name for name in environ.get("HTTP_X_FORWARDED_FOR", "").split(",") if name.strip()]
    return len(passed) >= count and is_private_peer(peer_of(environ))


def is_private_peer(peer: str) -> bool:
    """Tell whether a peer is on this machine (a Unix socket has no address) or in a private network."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return not peer
    return not (getattr(address, "ipv4_mapped", None) or address).is_global


class IgnoreForwarded:
    """Ignores what proxies say, and tells the log of it once."""

    def __init__(self, app: WSGIApplication):
        self.app = app
        self.told = False

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not self.told and "HTTP_X_FORWARDED_FOR" in environ:
            self.told = True
            logger.warning(HINT)
        return self.app(environ, start_response)


def is_local_request(environ: WSGIEnvironment) -> bool:
    """Tell whether a request was made on this machine and through no proxy, as far as proxies say that they are one."""
    return is_loopback(peer_of(environ)) and not any(f"HTTP_{saying}" in environ for saying in PROXY_HEADERS)


def peer_of(environ: WSGIEnvironment) -> str:
    """Give the address of the machine that speaks to this one, whatever proxies say; empty for a socket."""
    return environ.get("werkzeug.proxy_fix.orig", environ).get("REMOTE_ADDR") or ""
