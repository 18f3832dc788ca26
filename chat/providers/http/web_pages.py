"""Web pages that come where an answer was asked for: told by their first bytes rather than by their label."""

from __future__ import annotations

import requests

PAGES = (b"<!doctype html", b"<html")


def is_labelled(response: requests.Response) -> bool:
    """Tell whether a response calls itself a web page."""
    return "html" in response.headers.get("Content-Type", "").lower()


def is_page(body: bytes, labelled: bool = False) -> bool:
    """Tell whether a body is a web page; what isn't labelled as one has to say so itself."""
    start = body.lstrip()[:16].lower()
    return start.startswith(b"<" if labelled else PAGES)
