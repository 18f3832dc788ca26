"""Sessions of Flask-Session, kept in our table. By https their cookie is bound to this host alone."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from flask import Flask, Request, Response, g, request
from flask_session.base import ServerSideSession
from flask_session.cachelib import CacheLibSessionInterface

from chat.people.sessions import SessionStore
from chat.storage.database import DatabaseAway
from chat.web import cookies

KEY_PREFIX = "session:"

MONITORING_PATHS = {"/healthz", "/readyz", "/metrics"}
"""Monitoring has no session, and leaves the database alone."""


class Session(ServerSideSession):
    """A session of Flask-Session. `stored` is the data that the store got in this request."""

    stored: dict[str, Any] | None = None


class Sessions(CacheLibSessionInterface):
    """Opens and saves the session of each request, and sets `g.person` to its owner."""

    cache: SessionStore
    session_class = Session

    def __init__(self, app: Flask, store: SessionStore):
        super().__init__(app, store, KEY_PREFIX)

    def get_cookie_name(self, app: Flask) -> str:
        return cookies.full_name(cookies.SESSION)

    def get_cookie_path(self, app: Flask) -> str:
        return cookies.path()

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure

    def open_session(self, app: Flask, request: Request) -> Session | None:
        """Find the session of a request, or begin one.

        If the database is away, set `g.outage` and return None: only a guard knows whether the route needs a session.
        """
        if request.path in MONITORING_PATHS:
            return None
        try:
            sid = cookies.read(cookies.SESSION)
            found = self.cache.find(KEY_PREFIX + sid) if sid else None
        except DatabaseAway as error:
            g.outage = error
            return None
        if found is None:
            return new_session()
        g.person, g.idle = found.person, found.idle
        return Session(found.data, sid=sid)

    def _upsert_session(self, session_lifetime: timedelta, session: Session, store_id: str) -> None:
        if dict(session) != session.stored:
            keep = self.cache.add if session.new else self.cache.set
            keep(store_id, dict(session))

    def save_session(self, app: Flask, session: Session, response: Response) -> None:
        """Store a session, or end it. Raise DatabaseAway only once, because the answer to that error is saved, too.

        Flask-Session deletes a cookie without the attribute `Secure`, which browsers demand for our prefixes.
        """
        if session is None or g.get("is_unsaved"):
            return
        if not session.modified:  # the rest of Flask-Session's work is for the cookie
            if session.accessed:
                response.vary.add("Cookie")
            return
        g.is_unsaved = True
        super().save_session(app, session, response)
        g.is_unsaved = False
        if not session:
            cookies.delete_cookie(response, cookies.SESSION)


def new_session(data: dict[str, Any] | None = None) -> Session:
    """Begin a session under a new id; the store doesn't know it yet."""
    session = Session(data, sid=secrets.token_urlsafe(32), permanent=True)
    session.new = True
    return session


def replace(session: Any, following: Session) -> None:
    """Put another session, which the store has already, in the place of the request's."""
    session.clear()
    session.update(following)
    session.sid, session.new, session.stored = following.sid, False, dict(following)


def key_of(session: Any) -> str:
    """Return the key under which the store finds a session."""
    return f"{KEY_PREFIX}{session.sid}"
