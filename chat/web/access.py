"""The gate: where a team shares an instance, nothing but what is named here is for strangers."""

from __future__ import annotations

import re
from urllib.parse import urlencode, urlsplit

from flask import request

from chat.web import current_user, urls
from chat.web.state import state

PUBLIC = {
    "assets.show",
    "first_admin.create",
    "first_admin.follow",
    "first_admin.show",
    "health.alive",
    "health.metrics",
    "health.ready",
    "invites.follow",
    "invites.redeem",
    "invites.show",
    "login.show",
    "login.sign_in",
    "login.sign_out",
    "oidc.begin",
    "oidc.finish",
    "password_resets.ask",
    "password_resets.follow",
    "password_resets.redeem",
    "password_resets.send",
    "password_resets.show",
}
"""What a stranger may reach, by endpoint. All else, also what there isn't, wants a member."""

LOCAL_PATH = re.compile(r"/(?:[!-.0-\[\]-~][!-\[\]-~]*)?")
"""A place on this site: what begins with two slashes or holds a backslash may lead to another one."""


class LoginRequired(Exception):
    """Only members may do this; `next_url` is where to go on once signed in."""

    def __init__(self, next_url: str):
        super().__init__("Sign in first. This Rivulet is for those who have an account here.")
        self.next_url = next_url

    @property
    def login_url(self) -> str:
        """Say where to sign in."""
        return "/sign-in" if self.next_url == "/" else f"/sign-in?{urlencode({'next': self.next_url}, safe='/')}"


def require_member() -> None:
    """Let nobody but members past the gate, where there is one. Raises LoginRequired."""
    if request.endpoint not in PUBLIC and needs_login():
        raise LoginRequired(requested_page())


def hide_admin_pages() -> None:
    """Raise NotFound under /admin for everybody but admins, who alone can tell that there is something."""
    rule = request.url_rule.rule if request.url_rule else ""
    if f"{rule}/".startswith("/admin/"):
        current_user.require_admin()


def needs_login() -> bool:
    """Tell whether there is a gate, and the visitor stands before it."""
    return state.settings.access == "team" and not current_user.is_member()


def requested_page() -> str:
    """Tell which page the visitor is on, or wants to see; a form's own address, which is none, leads to its page."""
    if request.headers.get("HX-Request"):
        return local_path(path_in(request.headers.get("HX-Current-URL", "")))
    if request.method != "GET":
        return local_path(request.path.removesuffix("/messages")) if request.path.endswith("/messages") else "/"
    return local_path(request.full_path.rstrip("?"))


def path_in(url: str) -> str:
    """Read the place out of a whole address; nothing where it is none."""
    try:
        shown = urlsplit(url)
    except ValueError:
        return ""
    place = urls.place_at(shown.path)
    return f"{place}?{shown.query}" if shown.query else place


def local_path(place: str) -> str:
    """Give a place back where it is one on this site, else the first page."""
    return place if LOCAL_PATH.fullmatch(place) and not place.startswith("/sign-") else "/"
