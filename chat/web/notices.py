"""Notices: a page's sentence about what was done just before. The address names it, as in `/account?done=changed`."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, request

from chat.web import urls


def lead_to(place: str, name: str) -> Response:
    """Lead a browser to a page that shows one of its notices."""
    return urls.lead_to(f"{place}?done={name}")


def read(notices: Mapping[str, str]) -> str:
    """Give the notice of a page that its address names; empty where there is none."""
    return notices.get(request.args.get("done", ""), "")
