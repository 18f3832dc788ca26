"""Links to this instance; and those that are secrets, whose token leaves the address at the first view for a cookie.

An address is kept in histories, stands in screenshots and is shared without a thought. The cookie lasts an hour.
"""

from __future__ import annotations

from urllib.parse import urljoin

from flask import Response, request

from chat.config.durations import HOUR
from chat.people.sessions import digest
from chat.web import cookies, urls
from chat.web.state import state

LASTS = HOUR


def absolute_url(place: str) -> str:
    """Write the whole address of a place: at APP_URL's host, else at that which the visitor asked."""
    host = urljoin(state.settings.app_url or request.host_url, "/")
    return f"{host.rstrip('/')}{urls.of(place)}"


def follow(place: str, token: str) -> Response:
    """Lead to where a link is used."""
    response = urls.lead_to(place)
    cookies.set_cookie(response, cookies.LINK, token, LASTS)
    return response


def token() -> str:
    """Give the token of the link that was followed last; empty where there was none."""
    return cookies.read(cookies.LINK)


def mark() -> str:
    """Give what a form tells by which link it was made for."""
    return digest(token())[:32]


def is_for_other_link() -> bool:
    """Tell whether a form was made for another link than the one that was followed last.

    Another page, or another tab, may have followed one meanwhile: what was typed for the first is not for that.
    """
    return request.form.get("link", mark()) != mark()


def leave(place: str) -> Response:
    """Lead away from a link that was used."""
    response = urls.lead_to(place)
    cookies.delete_cookie(response, cookies.LINK)
    return response
