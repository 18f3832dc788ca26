"""What proxies in front say about a request, and how much of it the app trusts."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.middleware.proxy_fix import ProxyFix

from chat.config import Settings, WrongSetting, is_loopback, parsers

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
    "X_FORWARDED_SERVER",
    "X_CLIENT_IP",
    "CF_CONNECTING_IP",
    "TRUE_CLIENT_IP",
)
"""The headers that proxies add, as WSGI writes them."""

HINT = (
    "A request has forwarded headers, but TRUSTED_PROXIES is 0, so they are ignored: all visitors behind the proxy "
    "share one address, and cookies aren't HTTPS-only. Set TRUSTED_PROXIES to the number of proxies in front. If there "
    "are none, the headers are forged."
)

logger = logging.getLogger(__name__)


def trust_proxies(app: WSGIApplication, count: int, under: str = "") -> WSGIApplication:
    """Wrap an app so that it sees the address that the outermost of `count` proxies saw; with 0 it trusts no proxy.

    Proxies add to X-Forwarded-For, and most of them replace X-Forwarded-Proto: the last one's scheme counts. The host
    isn't changed. Without a path to be `under`, the last proxy names it in X-Forwarded-Prefix.
    """
    mounted = Mount(app, under, trusts_proxies=count > 0)
    return ProxyFix(mounted, x_for=count, x_proto=1, x_prefix=1) if count else mounted


class Mount:
    """Serves an app under a path of its host, whether or not a proxy in front removes that path.

    An app without a path of its own is under SCRIPT_NAME, which servers and ProxyFix set. Where no proxy is trusted,
    the first forwarded request is logged.
    """

    def __init__(self, app: WSGIApplication, under: str, trusts_proxies: bool):
        self.app = app
        self.under = under
        self.warns = not trusts_proxies

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self.warns and "HTTP_X_FORWARDED_FOR" in environ:
            self.warns = False
            logger.warning(HINT)
        prefix, path = environ.get("SCRIPT_NAME", ""), environ.get("PATH_INFO", "")
        root = self.under or (prefix and valid_prefix(prefix))
        if root and f"{path}/".startswith(f"{root}/"):
            path = path[len(root) :]
        environ |= {"SCRIPT_NAME": root, "PATH_INFO": path or "/"}
        return self.app(environ, start_response)


def valid_prefix(prefix: str) -> str:
    """Return a prefix if it is a path, else nothing: it would spoil every address."""
    try:
        return parsers.path(prefix)
    except ValueError:
        return ""


def require_unused_prefix(app: Flask, under: str) -> None:
    """Raise WrongSetting for a path that an address of the app begins with: is it the path or the address?"""
    taken = {rule.rule.split("/")[1] for rule in app.url_map.iter_rules()}
    if under and under.split("/")[1] in taken:
        raise WrongSetting(f"Rivulet can't run under {under}: it has pages of its own there. Choose another path.")


def check_auth_header(settings: Settings) -> None:
    """Raise WrongSetting if anybody could send AUTH_HEADER, or if something else signs users in, too."""
    if not settings.auth_header:
        return
    if settings.trusted_proxies < 1 or settings.access != "team":
        raise WrongSetting("AUTH_HEADER needs TRUSTED_PROXIES (at least 1) and ACCESS=team.")
    if settings.oidc_issuer:
        raise WrongSetting("Set either AUTH_HEADER or OIDC_ISSUER, not both.")


def forwarded_header(environ: WSGIEnvironment, header: str, count: int) -> str:
    """Return a header that our proxies set; nothing if the request can't have come through `count` of them.

    A visitor can forge what proxies add, but not the address of the peer: that must be near. Servers join a header that
    came twice with a comma, and one of the two can be the visitor's.
    """
    passed = [name for name in environ.get("HTTP_X_FORWARDED_FOR", "").split(",") if name.strip()]
    if len(passed) < count or not is_private_peer(peer_of(environ)):
        return ""
    return str(environ.get(f"HTTP_{header.upper().replace('-', '_')}", "")).strip()


def is_private_peer(peer: str) -> bool:
    """Return whether a peer is on this machine (a Unix socket has no address) or in a private network."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return not peer
    return not (getattr(address, "ipv4_mapped", None) or address).is_global


def is_local_request(environ: WSGIEnvironment) -> bool:
    """Return whether a request came from this machine and through no proxy that adds one of PROXY_HEADERS."""
    return is_loopback(peer_of(environ)) and not any(f"HTTP_{saying}" in environ for saying in PROXY_HEADERS)


def peer_of(environ: WSGIEnvironment) -> str:
    """Return the address at the other end of the connection, before ProxyFix; empty for a Unix socket."""
    return environ.get("werkzeug.proxy_fix.orig", environ).get("REMOTE_ADDR") or ""
