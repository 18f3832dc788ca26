"""Cookies, which are bound to this host by https."""

from __future__ import annotations

from flask import request
from werkzeug.wrappers import Response

LINK, OPENID, BROWSER = "rivulet-link", "rivulet-openid", "rivulet-browser"
"""What a browser carries for a while: a link that is a secret, what it takes along to single sign-on, and whose it
is."""


def named(name: str) -> str:
    """Name a cookie: by https the prefix has browsers refuse one that another host set, or that came by plain http."""
    return f"__Host-{name}" if request.is_secure else name


def taken(name: str) -> str:
    """Read a cookie of ours; empty where there is none."""
    return request.cookies.get(named(name), "")


def give(response: Response, name: str, value: str, lasts: int) -> None:
    """Give a browser a cookie for so many seconds."""
    response.set_cookie(named(name), value, lasts, secure=request.is_secure, httponly=True, samesite="Lax")


def take_back(response: Response, name: str) -> None:
    """Take a cookie from a browser."""
    response.delete_cookie(named(name), secure=request.is_secure, httponly=True, samesite="Lax")
