"""Rivulet's entry point: it wires the rooms together. Servers call `app:create_app()`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask
from htmx_flask import Htmx

from chat import cli, config, providers, routes
from chat.config import Settings, secret_key
from chat.conversations import Renewal
from chat.metrics import Metrics
from chat.people import first_admin, rate_limits
from chat.people.sessions import SessionStore
from chat.providers.base import AbstractProvider, Timeouts
from chat.providers.http import certificates
from chat.registry import ProviderRegistry, records
from chat.registry.encryption import SecretBox
from chat.replies import Replies
from chat.server import exits, logs
from chat.storage import disk, engines, startup
from chat.storage.database import Database, DatabaseAway
from chat.storage.engines import DatabaseUnusable
from chat.storage.instance_mark import get_mark
from chat.storage.startup import Startup
from chat.web import hooks, proxies, session_interface
from chat.web.access_log import AccessLog
from chat.web.readiness import Readiness
from chat.web.spool import writable_folder
from chat.web.state import State, state_of
from chat.web.streams import Streams

PATIENCE = 10.0
"""How many seconds a process that doesn't serve waits for the database."""


class Rivulet(Flask):
    """Flask, without tracebacks of an outage of the database, which has its own line in the log."""

    def log_exception(self, exc_info: Any) -> None:
        if not isinstance(exc_info[1], DatabaseAway):
            super().log_exception(exc_info)


def create_app(environ: Mapping[str, str] | None = None, watching: bool = True) -> Flask:
    """Make the app from an environment. If that is wrong, print why in one sentence and exit.

    An app that isn't `watching` doesn't adopt other processes' replies; it only upgrades the database.
    """
    environ = os.environ if environ is None else environ
    watching = watching and cli.serves()
    try:
        settings = config.load(environ)
        app = wire(settings, providers.from_settings(settings))
        if watching:
            disk.claim(settings)
        start(app, watching, replaces=startup.REPLACES in environ)
    except (config.WrongSetting, DatabaseUnusable) as error:
        exits.refuse(startup.WRONG.format(error))
    state_of(app).warnings = disk.warnings(environ, settings)
    return app


def start(app: Flask, watching: bool, replaces: bool) -> None:
    """Start what needs the database. Only a server waits for it without end. Raise as `bring_up` does."""
    starting = state_of(app).startup = Startup(partial(bring_up, app, watching), replaces)
    if starting.finish(0 if watching else PATIENCE):
        return
    if not watching:
        exits.refuse(startup.WRONG.format("can't connect to the database. Try again later."), exits.NOT_YET)
    state_of(app).readiness.is_started = lambda: starting.is_done
    starting.finish_in_background()


def bring_up(app: Flask, watching: bool) -> list[str]:
    """Finish the start; return messages for the operator. Raise WrongSetting, and as `prepare` does."""
    prepare(app)
    here = state_of(app)
    messages = first_admin.set_up(here.database, here.settings)
    messages += first_admin.invitation(here.database, here.settings, here.secret)
    if watching:
        here.replies.watch()
    return messages


def build(settings: Settings, configured: Mapping[str, AbstractProvider]) -> Flask:
    """Wire and prepare an app. Raise WrongSetting, and as `prepare` does."""
    app = wire(settings, configured)
    prepare(app)
    return app


def prepare(app: Flask) -> None:
    """Upgrade the database and read the providers from it. Raise DatabaseUnusable and DatabaseAway."""
    here = state_of(app)
    here.database.upgrade()
    here.known_mark = get_mark(here.database)
    records.reencrypt(here.registry)
    here.registry.refresh()


def wire(settings: Settings, configured: Mapping[str, AbstractProvider]) -> Flask:
    """Put an app together. Raise WrongSetting and DatabaseUnusable."""
    logs.set_up(settings.log_format)
    logs.register_secrets(config.secrets(settings))
    certificates.trust(settings.ca_bundle)
    root = str(Path(__file__).parent)
    app = Rivulet("app", root_path=root, instance_path=str(settings.instance), static_folder=None)
    app.url_map.merge_slashes = False  # else a request could choose the host of a redirect
    make_folder(settings.instance)
    keys = secret_key.secret_keys(settings)
    logs.register_secrets(keys[:1])  # it can come from a file
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.config.from_mapping(flask_settings(settings, keys))
    state = app.extensions["rivulet"] = make_state(settings, keys, configured)
    app.session_interface = session_interface.Sessions(app, state.sessions)
    Htmx(app)
    hooks.register(app)
    routes.register(app)
    cli.register(app)
    trusted, under = settings.trusted_proxies, config.path_of(settings)
    proxies.require_unused_prefix(app, under)
    proxies.check_auth_header(settings)
    app.wsgi_app = proxies.trust_proxies(AccessLog(app, trusted > 0), trusted, under)  # type: ignore[method-assign, assignment]
    return app


def make_state(settings: Settings, keys: list[str], configured: Mapping[str, AbstractProvider]) -> State:
    """Open the database and make what uses it. Raise DatabaseUnusable."""
    db, metrics = Database(engines.url_of(settings)), Metrics()
    registry = ProviderRegistry(db, SecretBox(keys), configured, Timeouts.from_settings(settings))
    replies, sessions = Replies(db, registry, metrics, rate_limits.limits_of(settings)), SessionStore(db, settings)
    replies.count_errors_of(configured)
    return State(
        settings=settings,
        secret_keys=keys,
        database=db,
        registry=registry,
        replies=replies,
        renewal=Renewal(db),
        metrics=metrics,
        readiness=Readiness(db, replies),
        streams=Streams(sessions.find_ended),
        sessions=sessions,
        spool=writable_folder(settings.instance),
    )


def make_folder(path: Path) -> None:
    """Make the folder of INSTANCE. Raise WrongSetting."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise config.WrongSetting(
            f"Can't create or use the data folder {path} (INSTANCE): {error.strerror}."
        ) from error


def flask_settings(settings: Settings, keys: list[str]) -> dict[str, Any]:
    return {
        "SECRET_KEY": keys[0],
        "SECRET_KEY_FALLBACKS": keys[1:],
        "APPLICATION_ROOT": config.path_of(settings) or "/",
        "MAX_CONTENT_LENGTH": 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 1024 * 1024,
        "PERMANENT_SESSION_LIFETIME": timedelta(days=max(30, settings.session_idle_days)),
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_REFRESH_EACH_REQUEST": False,
    }
