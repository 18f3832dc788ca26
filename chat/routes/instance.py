"""This instance: what it is set to, its secret, what it stores, and what its process writes."""

from __future__ import annotations

from flask import current_app

from chat.config import Settings
from chat.database import Database
from chat.replies import Replies


def settings() -> Settings:
    """Give the app's settings."""
    return current_app.extensions["settings"]


def database() -> Database:
    """Give the app's database."""
    return current_app.extensions["database"]


def secret() -> str:
    """Give SECRET_KEY, or the key that was made here in its place."""
    return str(current_app.secret_key)


def replies() -> Replies:
    """Give the replies of this process."""
    return current_app.extensions["replies"]
