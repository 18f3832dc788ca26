"""The guards of every request, in the order in which they run.

Before them come the wrappers of the app (`proxies`, `access_log`, `request_body`), then Flask reads the session.
The first guard that raises or answers ends the request. Hooks of a single blueprint stand in its module and run last.
"""

from __future__ import annotations

from flask import Flask

from chat.web import access, current_user, proxy_login, request_body, security, spool

BEFORE = (
    security.refuse_during_outage,
    security.refuse_unknown_hosts,
    security.refuse_remote_visitors,
    security.refuse_other_sites,
    request_body.refuse_broken_bodies,
    current_user.refresh_session,
    proxy_login.apply_header,
    access.require_member,
    access.hide_admin_pages,
)
"""What a request passes before its route."""

AFTER = (spool.spool_long_answer, security.add_headers)
"""What an answer passes, also one that a guard gave, before the session is stored."""


def register(app: Flask) -> None:
    """Put the guards before and after all routes of an app."""
    for guard in BEFORE:
        app.before_request(guard)
    for finish in reversed(AFTER):  # Flask runs the last one first
        app.after_request(finish)
