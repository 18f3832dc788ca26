"""Links that are secrets: at the first view the token leaves the address, for a cookie of its own.

An address is kept in histories, stands in screenshots and is shared without a thought. The cookie lasts an hour.
"""

from __future__ import annotations

from flask import redirect, request
from werkzeug.wrappers import Response

COOKIE = "rivulet-link"
LASTS = 3_600


def follow(place: str, token: str) -> Response:
    """Lead to where a link is used."""
    response = redirect(place, code=303)
    response.set_cookie(cookie(), token, LASTS, secure=request.is_secure, httponly=True, samesite="Lax")
    return response


def token() -> str:
    """Give the token of the link that was followed last; empty where there was none."""
    return request.cookies.get(cookie(), "")


def done(place: str) -> Response:
    """Lead away from a link that was used."""
    response = redirect(place, code=303)
    response.delete_cookie(cookie(), secure=request.is_secure, httponly=True, samesite="Lax")
    return response


def cookie() -> str:
    """Name the cookie; by https the prefix keeps others from setting it."""
    return f"__Host-{COOKIE}" if request.is_secure else COOKIE
