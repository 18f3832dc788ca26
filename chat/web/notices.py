"""Notices: a page's sentence about the last action. The address names it, as in `/account?done=changed`."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, request

from chat.web import urls


def lead_to(place: str, name: str) -> Response:
    return urls.lead_to(f"{place}?done={name}")


def read(notices: Mapping[str, str]) -> str:
    """Return the notice that the address names, if any."""
    return notices.get(request.args.get("done", ""), "")
