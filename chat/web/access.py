"""The gate of an instance for a team: strangers reach only the endpoints named here."""

from __future__ import annotations

import re
from urllib.parse import urlencode, urlsplit

from flask import request

from chat.web import current_user
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
"""Endpoints for strangers. Everything else requires a member, also addresses that don't exist."""

LOCAL_PATH = re.compile(r"/(?:[!-.0-\[\]-~][!-\[\]-~]*)?")
"""A path on this site: one with two slashes at its start, or a backslash, can lead to another site."""


class LoginRequired(Exception):
    """Only members can do this; `next_url` is the page to show after signing in."""

    def __init__(self, next_url: str):
        super().__init__("Sign in to continue. You need an account on this server.")
        self.next_url = next_url

    @property
    def login_url(self) -> str:
        return "/sign-in" if self.next_url == "/" else f"/sign-in?{urlencode({'next': self.next_url}, safe='/')}"


def require_member() -> None:
    """Raise LoginRequired if a stranger asks for what isn't public."""
    if request.endpoint not in PUBLIC and needs_login():
        raise LoginRequired(requested_page())


def hide_admin_pages() -> None:
    """Raise NotFound under /admin for everybody but admins, so that others can't tell whether a page exists.

    The pages of models are also for the person at an instance that serves only its own machine.
    """
    place = f"{request.url_rule.rule if request.url_rule else ''}/"
    if place.startswith("/admin/models/"):
        current_user.require_operator()
    elif place.startswith("/admin/"):
        current_user.require_admin()


def needs_login() -> bool:
    return state.settings.access == "team" and not current_user.member()


def requested_page() -> str:
    """Return the page that the visitor sees or asks for. A form's address isn't a page, so return its page."""
    if request.headers.get("HX-Request"):
        return local_path(path_in(request.headers.get("HX-Current-URL", "")))
    if request.method != "GET":
        return local_path(request.path.removesuffix("/messages")) if request.path.endswith("/messages") else "/"
    return local_path(request.full_path.rstrip("?"))


def path_in(url: str) -> str:
    """Return the path and query of a URL, from the instance's first page on; empty if it is malformed."""
    try:
        shown = urlsplit(url)
    except ValueError:
        return ""
    root, path = request.script_root, shown.path
    place = path[len(root) :] or "/" if f"{path}/".startswith(f"{root}/") else path
    return f"{place}?{shown.query}" if shown.query else place


def local_path(place: str) -> str:
    """Return a path if it is on this site and no sign-in page, else /."""
    return place if LOCAL_PATH.fullmatch(place) and not place.startswith("/sign-") else "/"
