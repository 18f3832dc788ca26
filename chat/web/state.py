"""The state of a process: its settings, secret keys, database, providers, replies and streams."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app
from itsdangerous import URLSafeTimedSerializer
from werkzeug.local import LocalProxy

from chat.config import Settings
from chat.conversations import Renewal
from chat.metrics import Metrics
from chat.people.sessions import SessionStore
from chat.registry import ProviderRegistry
from chat.replies import Replies
from chat.storage.database import Database
from chat.storage.instance_mark import get_mark
from chat.storage.startup import Startup
from chat.web.readiness import Readiness
from chat.web.streams import Streams

if TYPE_CHECKING:
    from chat.people.oidc.client import Provider  # slow to import; only instances with OIDC need it


@dataclass
class State:
    """What a process holds. The start fills in the fields that have a default."""

    settings: Settings
    secret_keys: list[str]
    database: Database
    registry: ProviderRegistry
    replies: Replies
    renewal: Renewal
    metrics: Metrics
    readiness: Readiness
    streams: Streams
    sessions: SessionStore
    spool: Path
    oidc: Provider | None = None
    assets: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    startup: Startup | None = None
    known_mark: str = ""

    @property
    def mark(self) -> str:
        """Return what tells this instance from others on its host. Raise DatabaseAway while it isn't known."""
        self.known_mark = self.known_mark or get_mark(self.database)
        return self.known_mark

    @property
    def secret(self) -> str:
        return self.secret_keys[0]

    def signer(self, purpose: str) -> URLSafeTimedSerializer:
        """Return a signer (HMAC with SHA-256) that also accepts the signatures of older secret keys."""
        keys = self.secret_keys[::-1]  # itsdangerous signs with the last one
        return URLSafeTimedSerializer(keys, salt=purpose, signer_kwargs={"digest_method": hashlib.sha256})


def state_of(app: Flask) -> State:
    return app.extensions["rivulet"]


state: State = LocalProxy(lambda: current_app.extensions["rivulet"])  # type: ignore[assignment]
"""The state of the app that handles the current request or command."""
