"""Browsers that somebody has signed in by: what others fail at keeps nobody out where they came in before.

A cookie says so for a year, signed, of one account. Whoever has it guesses no more often for it: tries by it are
counted apart, with the same waits.
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
    """Let this browser be known, by the answer to this request, as one of an account's."""
    said = state.signer("browser").dumps([account_digest(email), secrets.token_urlsafe(16)])

    @after_this_request
    def give(response: Response) -> Response:
        cookies.set_cookie(response, cookies.BROWSER, said, YEAR)
        return response


def login_attempt(email: str) -> LoginAttempt:
    """Make the attempt of this request to sign in: a known browser has a counter of its own."""
    account, (known, key) = account_digest(email), read_cookie()
    if known == account:
        return LoginAttempt(login_throttle.own_digest(state.secret, f"browser {key}"), email=email)
    return LoginAttempt(account, rate_limits.address_digest(state.secret, request.remote_addr), email=email)


def read_cookie() -> tuple[str, str]:
    """Read which account somebody has signed in to by this browser, and what the browser is known by."""
    try:
        account, key = state.signer("browser").loads(cookies.read(cookies.BROWSER), max_age=YEAR)
    except (BadSignature, ValueError, TypeError):
        return "", ""
    return account, key


def account_digest(email: str) -> str:
    """Give what the tries as an account are known by."""
    return login_throttle.account_digest(state.secret, email)
