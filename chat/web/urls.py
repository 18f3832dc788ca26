"""Addresses as browsers see them: an instance can be under a path of its host (APP_URL or a proxy says which).

Code names a place from the instance's first page on: `/account`. What a browser gets has that path in front of it:
`{{ root }}/account` in templates, `urls.of` and `urls.lead_to` here.
"""

from __future__ import annotations

from flask import Flask, Response, has_request_context, make_response, redirect, request

from chat.web.state import state_of


def register(app: Flask) -> None:
    """Give templates `root` and `public_url`. After the end of a request, the caller of a template must pass `root`."""
    app.context_processor(lambda: {"root": request.script_root if has_request_context() else ""})
    app.jinja_env.globals["public_url"] = state_of(app).settings.app_url


def of(place: str) -> str:
    return f"{request.script_root}{place}"


def lead_to(place: str) -> Response:
    """Redirect a browser to a place after a write."""
    return make_response(redirect(of(place), code=303))
