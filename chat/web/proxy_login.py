"""Sign-in by an authenticating proxy in front that sends AUTH_HEADER; off by default.

Each request's header counts: it switches the session to the person it names, and signs out if it names nobody.
Passwords don't work meanwhile.
"""

from __future__ import annotations

import re

from flask import Response, render_template, request

from chat.people import accounts, external_login
from chat.web import access, current_user, proxies, urls
from chat.web.state import state

PASSWORDS = {"login.show", "login.sign_in"}

GOOGLE_PREFIX = re.compile(r"^(accounts\.google\.com|securetoken\.google\.com/[\w/.-]+):")
"""What Google's Identity-Aware Proxy puts before an email (https://cloud.google.com/iap/docs/identity-howto)."""

NOBODY = "This server is behind a sign-in proxy that didn't identify you. Use the address you were given."
SEVERAL = "The proxy sent more than one identity, so access was refused. Tell your admin."


def apply_header() -> Response | None:
    """Sign in the person whom the proxy names, before other guards ask for them. Raise people.Refused."""
    if not state.settings.auth_header or request.endpoint in access.PUBLIC - PASSWORDS:
        return None
    email = forwarded_email()
    if request.endpoint not in PASSWORDS:
        switch_user(email)
        return None
    if email:
        return urls.lead_to(access.local_path(request.args.get("next", "/")))
    return Response(render_template("accounts/unnamed.html"), 403)


def is_on() -> bool:
    return bool(state.settings.auth_header)


def forwarded_email() -> str:
    """Return the email that the proxy sends, if any."""
    settings = state.settings
    header = proxies.forwarded_header(request.environ, settings.auth_header, settings.trusted_proxies)
    return GOOGLE_PREFIX.sub("", header)


def switch_user(email: str) -> None:
    """Make the session belong to whom the proxy names. Raise people.Refused."""
    found = current_user.member()
    if found is not None and found.email == accounts.normalize_email(email):
        return
    if found is not None:
        current_user.logout()
    if email:
        current_user.login_as(account_of(email), by=accounts.PROXY)


def account_of(email: str) -> int:
    """Return the id of the account with this email; create one if there is none. Raise people.Refused."""
    return external_login.login_by_proxy(state.database, require_one(email), state.settings.auth_domains)


def require_one(email: str) -> str:
    """Return the email if the proxy named one person. Raise people.Refused."""
    if not email or "," in email:
        raise accounts.Refused(SEVERAL if email else NOBODY)
    return email
