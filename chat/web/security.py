"""The guards that know no person: outages, host names, instances for one machine, other sites. And the headers."""

from __future__ import annotations

import hmac
from functools import cache
from urllib.parse import urlsplit

from flask import Request, Response, g, render_template, request

from chat.config import Settings, is_loopback
from chat.config.durations import YEAR
from chat.web.proxies import is_local_request
from chat.web.state import state

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

# Not `no-referrer`: browsers would then send `Origin: null` with our own forms.
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
HEALTH = {"health.alive", "health.ready"}


class UnknownHost(Exception):
    """A request names a host that isn't ours."""


class CrossOrigin(Exception):
    """Another site tries to write in a visitor's name."""


def refuse_during_outage() -> None:
    """Raise DatabaseAway during an outage, except for scripts and styles, which need no session."""
    if request.endpoint != "assets.show" and "outage" in g:
        raise g.outage


def refuse_unknown_hosts() -> None:
    """Raise UnknownHost for a name that isn't ours: another site can point its own name at 127.0.0.1.

    Scripts and styles are the same everywhere, and the page that refuses needs them. Flask's TRUSTED_HOSTS knows no
    IPv6 addresses.
    """
    own = own_names(state.settings)
    if own and hostname_of(request.host) not in own and not (request.endpoint == "assets.show" or is_monitoring()):
        raise UnknownHost


@cache
def own_names(settings: Settings) -> frozenset[str | None]:
    """List our host names; none if we answer to any. Nobody reaches an instance for one machine by its APP_URL."""
    if settings.access == "local" and not settings.trusted_hosts:
        return LOCAL_NAMES
    hosts = settings.trusted_hosts or (urlsplit(settings.app_url).netloc,)
    return frozenset(hostname_of(host) for host in hosts if host)


def is_monitoring() -> bool:
    """Return whether this is monitoring: it can use any host name, and an instance for one machine."""
    return request.endpoint in HEALTH or (request.endpoint == "health.metrics" and may_read_metrics(request))


def may_read_metrics(request: Request) -> bool:
    """Return whether a request has the token, or was made on this machine, to its own name, and through no proxy."""
    token = state.settings.metrics_token
    given = (request.authorization and request.authorization.token) or ""
    has_token = bool(token) and hmac.compare_digest(given.encode(), token.encode())
    return has_token or (hostname_of(request.host) in LOCAL_NAMES and is_local_request(request.environ))


def hostname_of(host: str) -> str | None:
    """Return the name of a host without its port, in lower case."""
    return urlsplit(f"//{host}").hostname


def refuse_remote_visitors() -> tuple[str, int] | None:
    """Answer visitors who reach an instance for one machine through a proxy: the page says what to set."""
    if state.settings.access != "local" or is_loopback(request.remote_addr or "localhost"):
        return None
    if request.endpoint == "assets.show" or is_monitoring():
        return None
    return render_template("errors/closed.html"), 503


def refuse_other_sites() -> None:
    """Raise CrossOrigin if a page of another site writes in the visitor's name.

    Browsers say where a request comes from. A client that doesn't is no browser and holds nobody's cookie.
    """
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site:
        if site not in {"same-origin", "none"}:
            raise CrossOrigin
    elif origin and not is_own_origin(origin):
        raise CrossOrigin


def is_own_origin(origin: str) -> bool:
    """Compare an Origin header with this site; behind a proxy that we don't trust https looks like http."""
    try:
        scheme, host, *_ = urlsplit(origin)
    except ValueError:
        return False
    return host == request.host and (scheme == "https" or not request.is_secure)


def add_headers(response: Response) -> Response:
    """Add the security headers. No cache keeps a page, and no proxy rewrites it, as Cloudflare does with emails."""
    response.headers.update(HEADERS)
    # On plain http, except at localhost, browsers ignore this header and Chromium logs an error. There they send no
    # Sec-Fetch-Site.
    if request.is_secure or "Sec-Fetch-Site" in request.headers:
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers.setdefault("Cache-Control", "no-store, no-transform")
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = f"max-age={YEAR}"
    return response
