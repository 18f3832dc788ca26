"""Who somebody is by the word of an authenticating proxy in front: AUTH_HEADER, off by default.

The header holds for the request that brings it: the session is of whom it names, of somebody else as soon as it names
another, and of nobody where it names none. Passwords let nobody in meanwhile.
"""

from __future__ import annotations

import re

from flask import Flask, Response, render_template, request

from chat.people import accounts, external_login
from chat.web import access, current_user, proxies, urls
from chat.web.state import state, state_of

PASSWORDS = {"signing.show", "signing.sign_in"}

GOOGLE_PREFIX = re.compile(r"^(accounts\.google\.com|securetoken\.google\.com/[\w/.-]+):")
"""What Google's Identity-Aware Proxy puts before an address (https://cloud.google.com/iap/docs/identity-howto)."""

NOBODY = "The proxy in front of this Rivulet named nobody. Come through it, by the address that you were given."
SEVERAL = "The proxy in front of this Rivulet names more than one person, so nobody is let in. Tell whoever runs it."


def register(app: Flask) -> None:
    """Let an app start only where the header can be believed. Raises WrongSetting."""
    proxies.check_auth_header(state_of(app).settings)


def apply_header() -> Response | None:
    """Let the visitor be whom the proxy names, before anything asks who they are. Raises people.Refused."""
    if not state.settings.auth_header:
        return None
    if request.endpoint in PASSWORDS:
        return skip_login(forwarded_email())
    if request.endpoint not in access.PUBLIC:
        switch_user(forwarded_email())
    return None


def is_on() -> bool:
    """Tell whether a proxy in front says who somebody is, and nothing else does."""
    return bool(state.settings.auth_header)


def forwarded_email() -> str:
    """Give the e-mail address that the proxy tells; empty where it tells none."""
    settings = state.settings
    return GOOGLE_PREFIX.sub(
        "", proxies.forwarded_header(request.environ, settings.auth_header, settings.trusted_proxies)
    )


def skip_login(email: str) -> Response:
    """Lead on whom the proxy names, and say to others that it names nobody."""
    if email:
        return urls.lead_to(access.local_path(request.args.get("next", "/")))
    return Response(render_template("accounts/unnamed.html"), 403)


def switch_user(email: str) -> None:
    """Have the session be of whom the proxy names, and of nobody else. Raises people.Refused."""
    found = current_user.person() if current_user.is_member() else None
    if found is not None and found.email == accounts.normalize_email(email):
        return
    if found is not None:
        current_user.logout()
    if email:
        current_user.login_as(account_of(email), by=accounts.PROXY)


def account_of(email: str) -> int:
    """Find or make the account of whom the proxy names; gives their id. Raises people.Refused."""
    return external_login.login_by_proxy(state.database, require_one(email), state.settings.auth_domains)


def require_one(email: str) -> str:
    """Give an e-mail address where the proxy named one person. Raises people.Refused."""
    if not email or "," in email:
        raise accounts.Refused(SEVERAL if email else NOBODY)
    return email
