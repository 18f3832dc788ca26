"""Addresses as browsers ask for them: an instance may be under a path of its host (APP_URL, or what a proxy says).

Routes, forms and links name a place from the instance's own first page: `/account`. In front of what a browser is told
stands the path: `{{ root }}/account` in templates, `urls.of` and `urls.lead_to` here.
"""

from __future__ import annotations

from flask import Flask, Response, has_request_context, make_response, redirect, request


def register(app: Flask) -> None:
    """Let templates write addresses. One that is rendered after the request is told `root` by its caller."""
    app.context_processor(lambda: {"root": root() if has_request_context() else ""})


def root() -> str:
    """Give the path that the visitor finds this instance under; empty where it has the whole host."""
    return request.script_root


def of(place: str) -> str:
    """Write the address of a place."""
    return f"{root()}{place}"


def place_at(path: str) -> str:
    """Tell which place the path of an address leads to."""
    return path[len(root()) :] or "/" if f"{path}/".startswith(f"{root()}/") else path


def lead_to(place: str) -> Response:
    """Lead a browser to a place after what it sent was done."""
    return make_response(redirect(of(place), code=303))
