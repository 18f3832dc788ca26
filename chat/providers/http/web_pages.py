"""Web pages sent instead of an answer, recognized by their first bytes rather than by their content type."""

from __future__ import annotations

import requests

PAGES = (b"<!doctype html", b"<html")


def is_labelled(response: requests.Response) -> bool:
    return "html" in response.headers.get("Content-Type", "").lower()


def is_page(body: bytes, labelled: bool = False) -> bool:
    """Check whether a body is a web page; without an HTML label it must start like one."""
    start = body.lstrip()[:16].lower()
    return start.startswith(b"<" if labelled else PAGES)
