"""The cookies. The name of an instance's own ends in its mark, because browsers don't tell ports apart.

Over https a prefix makes browsers refuse a cookie that came over plain http. `__Host-` also refuses cookies that
another host set, but needs the whole host; an instance under a path uses `__Secure-`.
"""

from __future__ import annotations

from typing import Any

from flask import Response, request

from chat.web.state import state

SESSION = "rivulet"
"""Names the session."""

LINK, OPENID, BROWSER = "rivulet-link", "rivulet-openid", "rivulet-browser"
"""The token of a secret link, the state of a single sign-on, and the account that this browser signed in to."""

ZONE = "rivulet-zone"
"""The time zone of the browser."""

APPEARANCE = {name: f"rivulet-{name}" for name in ("theme", "size", "sidebar")}
"""What `appearance` keeps."""

UNMARKED = {ZONE, *APPEARANCE.values()}
"""Cookies of the browser rather than of an instance. They can be read during an outage, when the mark isn't known."""


def full_name(name: str) -> str:
    """Return the name as it is sent."""
    return prefix() + (name if name in UNMARKED else f"{name}-{state.mark}")


def prefix() -> str:
    """Return the prefix of every cookie's name."""
    return ("__Secure-" if request.script_root else "__Host-") if request.is_secure else ""


def path() -> str:
    """Return this instance's own path, so that a neighbour at / doesn't get its cookies."""
    return request.script_root or "/"


def read(name: str) -> str:
    return request.cookies.get(full_name(name), "")


def set_cookie(response: Response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(full_name(name), value, seconds, **attributes())


def delete_cookie(response: Response, name: str) -> None:
    response.delete_cookie(full_name(name), **attributes())


def attributes() -> dict[str, Any]:
    return {"path": path(), "secure": request.is_secure, "httponly": True, "samesite": "Lax"}
