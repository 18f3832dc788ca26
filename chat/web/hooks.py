"""The order of the hooks around every request. The functions themselves are in `security` and other modules.

Before them come the wrappers of the app (`proxies`, `access_log`, `request_body`), then Flask reads the session.
The first hook that raises or answers ends the request. Hooks of a single blueprint are in its module and run last.
"""

from __future__ import annotations

from flask import Flask

from chat.web import access, current_user, proxy_login, request_body, security, spool, time_zones

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

AFTER = (time_zones.remember_zone, spool.spool_long_answer, security.add_headers)
"""Runs for a guard's answer, too, before Flask stores the session."""


def register(app: Flask) -> None:
    for guard in BEFORE:
        app.before_request(guard)
    for finish in reversed(AFTER):  # Flask runs the last one first
        app.after_request(finish)
