"""This instance: what it is set to, its secret, what it stores, and what its process writes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app
from itsdangerous import URLSafeTimedSerializer

from chat.config import Settings
from chat.conversations import Renewal
from chat.metrics import Metrics
from chat.registry import ProviderRegistry
from chat.replies import Replies
from chat.storage.database import Database
from chat.storage.instance_mark import get_mark as mark_in
from chat.storage.startup import Startup
from chat.web.readiness import Readiness
from chat.web.streams import Streams

if TYPE_CHECKING:
    from chat.people.oidc.client import Provider  # which loads much, and only where it is used


@dataclass
class State:
    """What a process holds; what is given later is filled in by whoever makes it."""

    settings: Settings
    database: Database
    registry: ProviderRegistry
    replies: Replies
    renewal: Renewal
    metrics: Metrics
    readiness: Readiness
    streams: Streams
    spool: Path
    oidc: Provider | None = None
    assets: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    startup: Startup | None = None
    mark: str = ""


def of(app: Flask) -> State:
    """Give the state of an app."""
    return app.extensions["rivulet"]


def settings() -> Settings:
    """Give the app's settings."""
    return of(current_app).settings


def database() -> Database:
    """Give the app's database."""
    return of(current_app).database


def mark() -> str:
    """Give what tells this instance from others on its host. Raises DatabaseAway as long as it isn't known."""
    here = of(current_app)
    here.mark = here.mark or mark_in(here.database)
    return here.mark


def secret() -> str:
    """Give SECRET_KEY, or the key that was made here in its place."""
    return str(current_app.secret_key)


def signer(purpose: str) -> URLSafeTimedSerializer:
    """Give what signs for a purpose, by HMAC with SHA-256; what an older key signed still holds."""
    keys = [*reversed(current_app.config["SECRET_KEY_FALLBACKS"]), current_app.secret_key or ""]
    return URLSafeTimedSerializer(keys, salt=purpose, signer_kwargs={"digest_method": hashlib.sha256})


def replies() -> Replies:
    """Give the replies of this process."""
    return of(current_app).replies


def registry() -> ProviderRegistry:
    """Give the providers that there are."""
    return of(current_app).registry


def renewal() -> Renewal:
    """Give what makes HTML again that an older renderer made."""
    return of(current_app).renewal
