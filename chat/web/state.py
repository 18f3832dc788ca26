"""This instance: what it is set to, its secret, what it stores, and what its process writes."""

from __future__ import annotations

import hashlib

from flask import current_app
from itsdangerous import URLSafeTimedSerializer

from chat.config import Settings
from chat.conversations import Renewal
from chat.replies import Replies
from chat.storage.database import Database
from chat.storage.instance_mark import mark as mark_in


def settings() -> Settings:
    """Give the app's settings."""
    return current_app.extensions["settings"]


def database() -> Database:
    """Give the app's database."""
    return current_app.extensions["database"]


def mark() -> str:
    """Give what tells this instance from others on its host. Raises DatabaseAway as long as it isn't known."""
    extensions = current_app.extensions
    extensions["mark"] = extensions.get("mark") or mark_in(database())
    return extensions["mark"]


def secret() -> str:
    """Give SECRET_KEY, or the key that was made here in its place."""
    return str(current_app.secret_key)


def signer(purpose: str) -> URLSafeTimedSerializer:
    """Give what signs for a purpose, by HMAC with SHA-256; what an older key signed still holds."""
    keys = [*reversed(current_app.config["SECRET_KEY_FALLBACKS"]), current_app.secret_key or ""]
    return URLSafeTimedSerializer(keys, salt=purpose, signer_kwargs={"digest_method": hashlib.sha256})


def replies() -> Replies:
    """Give the replies of this process."""
    return current_app.extensions["replies"]


def renewal() -> Renewal:
    """Give what makes HTML again that an older renderer made."""
    return current_app.extensions["renewal"]
