"""Browsers that have signed in before: failed sign-ins elsewhere don't lock them out.

A signed cookie names the account for a year. It gives nobody more guesses: attempts with it have their own counter,
with the same waits.
"""

from __future__ import annotations

import secrets

from flask import Response, after_this_request, request
from itsdangerous import BadSignature

from chat.config.durations import YEAR
from chat.people import login_throttle, rate_limits
from chat.people.login_throttle import LoginAttempt
from chat.web import cookies
from chat.web.state import state


def remember(email: str) -> None:
    """Add the account's cookie to the response."""
    account = login_throttle.account_digest(state.secret, email)
    signed = state.signer("browser").dumps([account, secrets.token_urlsafe(16)])

    @after_this_request
    def give(response: Response) -> Response:
        cookies.set_cookie(response, cookies.BROWSER, signed, YEAR)
        return response


def login_attempt(email: str) -> LoginAttempt:
    """Return the attempt to sign in that this request makes. A known browser has its own counter."""
    account, (known, key) = login_throttle.account_digest(state.secret, email), read_cookie()
    if known == account:
        return LoginAttempt(login_throttle.own_digest(state.secret, f"browser {key}"), email=email)
    return LoginAttempt(account, rate_limits.address_digest(state.secret, request.remote_addr), email=email)


def read_cookie() -> tuple[str, str]:
    """Return the account that this browser has signed in to, and the browser's key."""
    try:
        account, key = state.signer("browser").loads(cookies.read(cookies.BROWSER), max_age=YEAR)
    except (BadSignature, ValueError, TypeError):
        return "", ""
    return account, key
