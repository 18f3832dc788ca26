"""Rivulet's front door: puts the rooms together. Servers call `app:create_app()`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from htmx_flask import Htmx

from chat import commands, config, engines, keys, platforms, providers, proxies, reporting, routes, security
from chat.accounts import claiming
from chat.config import Settings
from chat.database import Database
from chat.engines import DatabaseUnusable
from chat.metrics import Metrics
from chat.providers.base import AbstractProvider
from chat.providers.http import timeouts_of
from chat.readiness import Readiness
from chat.replies import Replies
from chat.routes import sessions
from chat.routes.accounts import claim
from chat.routes.journal import Journal
from chat.services import Services
from chat.sessions import SessionStore
from chat.vault import Vault

CANNOT_START = 3
"""The exit code by which gunicorn knows that starting again won't help."""


def create_app(environ: Mapping[str, str] | None = None, watching: bool = True) -> Flask:
    """Make the app from an environment; where it can't be used, say why in one sentence and exit.

    One that isn't watching takes up no answers of others: it is for bringing the database up to date and no more.
    """
    environ = os.environ if environ is None else environ
    try:
        settings = config.load(environ)
        app = build(settings, providers.configured(settings))
        told = claiming.set_up(app.extensions["database"], settings)
    except (config.WrongSetting, DatabaseUnusable) as error:
        print(f"Rivulet can't start: {error}", file=sys.stderr)
        raise SystemExit(CANNOT_START) from error
    app.extensions["disk"] = platforms.warnings(environ, settings)
    app.extensions["warnings"] = [*app.extensions["disk"], *told, *claim.invitation(app)]
    if watching and commands.serves():
        app.extensions["replies"].watch()
    return app


def build(settings: Settings, configured: Mapping[str, AbstractProvider]) -> Flask:
    """Wire an app from settings and providers. Raises WrongSetting and DatabaseUnusable."""
    reporting.set_up(settings["LOG_FORMAT"])
    reporting.hide(config.secrets(settings))
    root = str(Path(__file__).parent)
    app = Flask("app", root_path=root, instance_path=str(settings["INSTANCE"]), static_folder=None)
    db = opened(settings)
    secret, *older = keys.secret_keys(settings)
    reporting.hide([secret])  # which may be one that is kept in a file
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.config.from_mapping(flask_settings(settings, secret, older))
    services = Services(db, Vault([secret, *older]), configured, timeouts_of(settings))
    metrics = Metrics()
    replies = Replies(db, services, metrics)
    app.extensions |= {
        "settings": settings,
        "database": db,
        "providers": services,
        "replies": replies,
        "readiness": Readiness(db, replies),
        "metrics": metrics,
    }
    app.session_interface = sessions.Sessions(
        app, SessionStore(db, settings["SESSION_IDLE_DAYS"], settings["SESSION_DAYS"])
    )
    Htmx(app)
    security.protect(app)
    routes.register(app)
    commands.register(app)
    trusted = settings["TRUSTED_PROXIES"]
    app.wsgi_app = proxies.believe(Journal(app, trusted > 0), trusted)  # type: ignore[method-assign, assignment]
    return app


def opened(settings: Settings) -> Database:
    """Open the database and bring it up to date, before anyone is served."""
    make_folder(settings["INSTANCE"])
    db = Database(engines.url_of(settings))
    db.upgrade()
    return db


def make_folder(path: Path) -> None:
    """Make the folder for what is kept on this machine. Raises WrongSetting."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise config.WrongSetting(f"INSTANCE is {path}, which can't be made or used: {error.strerror}.") from error


def flask_settings(settings: Settings, secret: str, older: list[str]) -> dict[str, Any]:
    """Say what Flask and Flask-Session are to do."""
    return {
        "SECRET_KEY": secret,
        "SECRET_KEY_FALLBACKS": older,
        "MAX_CONTENT_LENGTH": 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 1024 * 1024,
        "PERMANENT_SESSION_LIFETIME": timedelta(days=max(30, settings["SESSION_IDLE_DAYS"])),
        "SESSION_COOKIE_NAME": sessions.COOKIE,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_REFRESH_EACH_REQUEST": False,
    }
