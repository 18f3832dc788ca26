"""Sessions for Flask-Session: which cookie names one, who has none, and whose one is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from flask import Flask, Request, Response, g, request
from flask_session.base import ServerSideSession
from flask_session.cachelib import CacheLibSessionInterface

from chat.people.sessions import SessionStore
from chat.storage.database import DatabaseAway
from chat.web import cookies

COOKIE = "rivulet"

WATCHED = {"/healthz", "/readyz", "/metrics"}
"""What those ask for who watch the process; they have no session."""


class Sessions(CacheLibSessionInterface):
    """Flask-Session's sessions. By https their cookie is bound to this host alone; `g.person` is whose a session is."""

    cache: SessionStore

    def get_cookie_name(self, app: Flask) -> str:
        """Name the cookie of a session."""
        return cookies.full_name(COOKIE)

    def get_cookie_path(self, app: Flask) -> str:
        """Say to which path the browser may send the cookie."""
        return cookies.path()

    def get_cookie_secure(self, app: Flask) -> bool:
        """Tell whether the browser may send the cookie by https only."""
        return request.is_secure

    def open_session(self, app: Flask, request: Request) -> ServerSideSession | None:
        """Find the session of a request; who watches the process has none, and the database is left alone.

        Where the database is away there is none either: `g.outage` says so, as no route is known yet.
        """
        if request.path in WATCHED:
            return None
        try:
            return self._open()
        except DatabaseAway as error:
            g.outage = error
            return None

    def _open(self) -> ServerSideSession:
        sid = cookies.read(COOKIE)
        found = self.cache.find(self.key_for(sid)) if sid else None
        if found is None:
            return self._begin()
        g.person, g.idle = found.person, found.idle
        return self.session_class(found.data, sid=sid)

    def _begin(self) -> ServerSideSession:
        session = self.session_class(sid=self.new_id(), permanent=self.permanent)
        session.new = True
        return session

    def _upsert_session(self, session_lifetime: timedelta, session: ServerSideSession, store_id: str) -> None:
        keep = self.cache.add if session.new else self.cache.set
        keep(store_id, dict(session))

    def save_session(self, app: Flask, session: ServerSideSession, response: Response) -> None:
        """Keep a session, or end it; Flask-Session takes the cookie back without the mark that browsers want to see.

        Raises DatabaseAway, once: the answer that tells of it has no session.
        """
        if session is None or g.get("is_unsaved"):
            return
        g.is_unsaved = True
        super().save_session(app, session, response)
        g.is_unsaved = False
        if session.modified and not session:
            cookies.delete_cookie(response, COOKIE)

    def new_id(self) -> str:
        """Make the id of a session."""
        return self._generate_sid(self.sid_length)

    def replace(self, session: ServerSideSession, sid: str, said: dict[str, Any]) -> None:
        """Put another session, which is in the store by now, in the place of a visitor's."""
        session.clear()
        session.update(said)
        session.sid, session.new = sid, False

    def key_of(self, session: ServerSideSession) -> str:
        """Give the key by which the store is asked for a session."""
        return self.key_for(session.sid)

    def key_for(self, sid: str) -> str:
        """Give the key by which the store is asked for the session of an id."""
        return self._get_store_id(sid)


def store_of(app: Flask) -> SessionStore:
    """Give where an app's sessions are kept."""
    return cast(Sessions, app.session_interface).cache
