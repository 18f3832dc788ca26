"""Cookies: what they are called, and for whom they are.

By https a prefix has browsers refuse one that came by plain http: `__Host-`, which also refuses those that another host
set, or under a path `__Secure-`, as the other prefix wants the whole host. The name ends in the instance's mark.
Older versions set names without the mark. Those are read and never written, so that an upgrade signs nobody out. No
session is known by them SESSION_DAYS after it; then `old` can go.
"""

from __future__ import annotations

from flask import request
from werkzeug.wrappers import Response

from chat.web import state, urls

LINK, OPENID, BROWSER = "rivulet-link", "rivulet-openid", "rivulet-browser"
"""What a browser carries for a while: a link that is a secret, what it takes along to single sign-on, and whose it
is."""


def named(name: str) -> str:
    """Name a cookie as it is set."""
    return f"{old(name)}-{state.mark()}"


def old(name: str) -> str:
    """Name a cookie as older versions set it."""
    return f"{prefix()}{name}"


def prefix() -> str:
    """Give the prefix that browsers hold a cookie to."""
    if not request.is_secure:
        return ""
    return "__Secure-" if urls.root() else "__Host-"


def path() -> str:
    """Give the path that a cookie is sent to: this instance's own, and not its neighbour's at /."""
    return urls.root() or "/"


def all_taken(name: str) -> list[str]:
    """Read a cookie of ours under all its names, the present one first."""
    return [request.cookies[known] for known in (named(name), old(name)) if known in request.cookies]


def taken(name: str) -> str:
    """Read a cookie of ours; empty where there is none."""
    return next(iter(all_taken(name)), "")


def give(response: Response, name: str, value: str, lasts: int) -> None:
    """Give a browser a cookie for so many seconds."""
    secure = request.is_secure
    response.set_cookie(named(name), value, lasts, path=path(), secure=secure, httponly=True, samesite="Lax")


def take_back(response: Response, name: str) -> None:
    """Take a cookie from a browser, under each name that it may have it by."""
    for known in [old(name), named(name)] if old(name) in request.cookies else [named(name)]:
        response.delete_cookie(known, path=path(), secure=request.is_secure, httponly=True, samesite="Lax")
