"""Cookies: what they are called, and for whom they are.

By https a prefix has browsers refuse one that came by plain http: `__Host-`, which also refuses those that another host
set, or under a path `__Secure-`, as the other prefix wants the whole host. The name ends in the instance's mark.
"""

from __future__ import annotations

from flask import Response, request

from chat.web import urls
from chat.web.state import state

LINK, OPENID, BROWSER = "rivulet-link", "rivulet-openid", "rivulet-browser"
"""What a browser carries for a while: a link that is a secret, what it takes along to single sign-on, and whose it
is."""


def full_name(name: str) -> str:
    """Name a cookie as it is set."""
    return f"{prefix()}{name}-{state.mark}"


def prefix() -> str:
    """Give the prefix that browsers hold a cookie to."""
    if not request.is_secure:
        return ""
    return "__Secure-" if urls.root() else "__Host-"


def path() -> str:
    """Give the path that a cookie is sent to: this instance's own, and not its neighbour's at /."""
    return urls.root() or "/"


def read(name: str) -> str:
    """Read a cookie of ours; empty where there is none."""
    return request.cookies.get(full_name(name), "")


def set_cookie(response: Response, name: str, value: str, lasts: int) -> None:
    """Give a browser a cookie for so many seconds."""
    secure = request.is_secure
    response.set_cookie(full_name(name), value, lasts, path=path(), secure=secure, httponly=True, samesite="Lax")


def delete_cookie(response: Response, name: str) -> None:
    """Take a cookie from a browser."""
    response.delete_cookie(full_name(name), path=path(), secure=request.is_secure, httponly=True, samesite="Lax")
