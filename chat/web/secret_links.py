"""Links to this instance. A secret link's token moves from the address into a cookie at the first view, for an hour.

Browsers keep addresses in their history, and people share them and take screenshots.
"""

from __future__ import annotations

from urllib.parse import urljoin

from flask import Response, request

from chat.config.durations import HOUR
from chat.people.sessions import digest
from chat.web import cookies, urls
from chat.web.state import state


def absolute_url(place: str) -> str:
    """Return the URL of a place, with the host of APP_URL, else that of the request."""
    host = urljoin(state.settings.app_url or request.host_url, "/")
    return f"{host.rstrip('/')}{urls.of(place)}"


def follow(place: str, token: str) -> Response:
    """Put the token in a cookie, and redirect to the page that uses it."""
    response = urls.lead_to(place)
    cookies.set_cookie(response, cookies.LINK, token, HOUR)
    return response


def token() -> str:
    """Return the token of the last link that the visitor followed, if any."""
    return cookies.read(cookies.LINK)


def mark() -> str:
    """Return what a form uses to name its link."""
    return digest(token())[:32]


def is_for_other_link() -> bool:
    """Return whether another tab followed another link since this form was made: the text is not for that one."""
    return request.form.get("link", mark()) != mark()


def leave(place: str) -> Response:
    """Forget the link, and redirect to a place."""
    response = urls.lead_to(place)
    cookies.delete_cookie(response, cookies.LINK)
    return response
