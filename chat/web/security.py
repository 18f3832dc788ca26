"""What holds for every request: headers, host names, writes from other sites, instances for their own machine."""

from __future__ import annotations

import hmac
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

# Not `no-referrer`: browsers would then send `Origin: null` with our own forms, too.
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
HEALTH = {"health.alive", "health.ready"}
HSTS = f"max-age={YEAR}"


class UnknownHost(Exception):
    """The app was asked for by a name that isn't its own."""


class CrossOrigin(Exception):
    """Another site tries to act in a person's name."""


def refuse_during_outage() -> None:
    """Refuse what needs a session while the database is away; styles don't. Raises DatabaseAway."""
    if request.endpoint != "assets.show" and "outage" in g:
        raise g.outage


def refuse_unknown_hosts() -> None:
    """Answer only to our own names: a page elsewhere can point a name of its own at 127.0.0.1. Raises UnknownHost.

    Flask's TRUSTED_HOSTS would do the same, but knows no IPv6 addresses.
    """
    own = own_hosts(state.settings)
    if own and not is_monitoring() and hostname_of(request.host) not in map(hostname_of, own):
        raise UnknownHost


def own_hosts(settings: Settings) -> list[str]:
    """List the hosts that are ours; none where any is. What is for this machine alone isn't reached by APP_URL."""
    if settings.trusted_hosts:
        return list(settings.trusted_hosts)
    if settings.access == "local":
        return LOCAL_HOSTS
    return [urlsplit(settings.app_url).netloc] if settings.app_url else []


def is_monitoring() -> bool:
    """Tell whether somebody watches the process, which any name and any state of it is open to."""
    return request.endpoint in HEALTH or (request.endpoint == "health.metrics" and may_read_metrics(request))


def may_read_metrics(request: Request) -> bool:
    """Tell whether a request has the token, or was made on this machine, for it, and through no proxy."""
    for_here = hostname_of(request.host) in map(hostname_of, LOCAL_HOSTS)
    return has_token(request) or (for_here and is_local_request(request.environ))


def has_token(request: Request) -> bool:
    """Tell whether a request has the token of the metrics."""
    token = state.settings.metrics_token
    given = (request.authorization and request.authorization.token) or ""
    return bool(token) and hmac.compare_digest(given.encode(), token.encode())


def hostname_of(host: str) -> str | None:
    """Read the name in a host with or without a port, in lower case."""
    return urlsplit(f"//{host}").hostname


def refuse_remote_visitors() -> tuple[str, int] | None:
    """Answer with what to set where strangers reach, by a proxy, what is for this machine alone."""
    is_local = state.settings.access == "local"
    if not is_local or is_loopback(request.remote_addr or "localhost"):
        return None
    if request.endpoint == "assets.show" or is_monitoring():
        return None
    return render_template("errors/closed.html"), 503


def refuse_other_sites() -> None:
    """Refuse writes that a page of another site makes in the visitor's name. Raises CrossOrigin.

    Browsers say where a request comes from; what says nothing is no browser and has no one's cookie to misuse.
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
    """Tell whether an Origin header names this site; behind a proxy that isn't believed https looks like http."""
    try:
        scheme, host, *_ = urlsplit(origin)
    except ValueError:
        return False
    return host == request.host and (scheme == "https" or not request.is_secure)


def add_headers(response: Response) -> Response:
    """Put the security headers on an answer; pages are not kept by anyone's cache, nor rewritten on their way.

    Cloudflare, for one, would put "[email protected]" for addresses in them.
    """
    response.headers.update(HEADERS)
    response.headers.setdefault("Cache-Control", "no-store, no-transform")
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = HSTS
    return response
