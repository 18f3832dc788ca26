"""Build the app out of its rooms. Servers call `app:create_app()`."""

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
from chat.people import first_admin
from chat.people.sessions import SessionStore
from chat.providers.base import AbstractProvider, Timeouts
from chat.providers.http import certificates
from chat.registry import ProviderRegistry, records
from chat.registry.encryption import SecretBox
from chat.replies import Replies
from chat.routes.auth import setup
from chat.server import exits, logs
from chat.storage import disk, engines, startup
from chat.storage.database import Database, DatabaseAway
from chat.storage.engines import DatabaseUnusable
from chat.storage.instance_mark import get_mark
from chat.storage.startup import Startup
from chat.web import guards, proxies, session_interface, state
from chat.web.access_log import AccessLog
from chat.web.readiness import Readiness
from chat.web.spool import writable_folder
from chat.web.state import State
from chat.web.streams import Streams

PATIENCE = 10.0
"""How many seconds a process that serves no pages waits for the database."""


class Rivulet(Flask):
    """Flask without a traceback for a database outage, which has its own log line."""

    def log_exception(self, exc_info: Any) -> None:
        """Log an unhandled exception."""
        if not isinstance(exc_info[1], DatabaseAway):
            super().log_exception(exc_info)


def create_app(environ: Mapping[str, str] | None = None, watching: bool = True) -> Flask:
    """Make the app from an environment; on a wrong setting or an unusable database, print one sentence and exit.

    With `watching=False` the app only upgrades the database and adopts no replies of other processes.
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
    state.of(app).warnings = disk.warnings(environ, settings)
    return app


def start(app: Flask, watching: bool, replaces: bool) -> None:
    """Prepare the database; a process that serves no pages gives up after PATIENCE. Raises as `bring_up` does."""
    starting = state.of(app).startup = Startup(partial(bring_up, app, watching), replaces)
    if starting.finish(0 if watching else PATIENCE):
        return
    if not watching:
        exits.refuse(startup.WRONG.format("its database can't be reached. Try again later."), exits.NOT_YET)
    state.of(app).readiness.is_started = lambda: starting.is_done
    starting.finish_in_background()


def bring_up(app: Flask, watching: bool) -> list[str]:
    """Finish the app's start and return messages for the admin. Raises WrongSetting and as `prepare` does."""
    prepare(app)
    here = state.of(app)
    told = [*first_admin.set_up(here.database, here.settings), *setup.invitation(app)]
    if watching:
        here.replies.watch()
    return told


def build(settings: Settings, configured: Mapping[str, AbstractProvider]) -> Flask:
    """Wire an app from settings and providers, and prepare it. Raises WrongSetting and as `prepare` does."""
    app = wire(settings, configured)
    prepare(app)
    return app


def prepare(app: Flask) -> None:
    """Upgrade the database and load what it configures. Raises DatabaseUnusable and DatabaseAway."""
    here = state.of(app)
    here.database.upgrade()
    here.mark = get_mark(here.database)
    records.reencrypt(here.registry)
    here.registry.refresh()


def wire(settings: Settings, configured: Mapping[str, AbstractProvider]) -> Flask:
    """Connect all parts of the app. Raises WrongSetting and DatabaseUnusable."""
    logs.set_up(settings.log_format)
    logs.register_secrets(config.secrets(settings))
    certificates.trust(settings.ca_bundle)
    root = str(Path(__file__).parent)
    app = Rivulet("app", root_path=root, instance_path=str(settings.instance), static_folder=None)
    app.url_map.merge_slashes = False  # werkzeug would redirect to the host that the request names
    make_folder(settings.instance)
    db = Database(engines.url_of(settings))
    secret, *older = secret_key.secret_keys(settings)
    logs.register_secrets([secret])  # a generated key is stored in a file, so no setting holds it
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.config.from_mapping(flask_settings(settings, secret, older))
    registry = ProviderRegistry(db, SecretBox([secret, *older]), configured, Timeouts.from_settings(settings))
    metrics = Metrics()
    replies = Replies(db, registry, metrics)
    replies.count_errors_of(configured)
    sessions = SessionStore(db, settings)
    app.extensions["rivulet"] = State(
        settings=settings,
        database=db,
        registry=registry,
        replies=replies,
        renewal=Renewal(db),
        metrics=metrics,
        readiness=Readiness(db, replies),
        streams=Streams(sessions.find_ended),
        spool=writable_folder(settings.instance),
    )
    app.session_interface = session_interface.Sessions(app, sessions)
    Htmx(app)
    guards.register(app)
    routes.register(app)
    cli.register(app)
    trusted, under = settings.trusted_proxies, config.path_of(settings)
    proxies.require_unused_prefix(app, under)
    app.wsgi_app = proxies.trust_proxies(AccessLog(app, trusted > 0), trusted, under)  # type: ignore[method-assign, assignment]
    return app


def make_folder(path: Path) -> None:
    """Create the instance folder. Raises WrongSetting."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise config.WrongSetting(f"INSTANCE is {path}, which can't be made or used: {error.strerror}.") from error


def flask_settings(settings: Settings, secret: str, older: list[str]) -> dict[str, Any]:
    """Return the configuration of Flask and Flask-Session."""
    return {
        "SECRET_KEY": secret,
        "SECRET_KEY_FALLBACKS": older,
        "APPLICATION_ROOT": config.path_of(settings) or "/",
        "MAX_CONTENT_LENGTH": 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 1024 * 1024,
        "PERMANENT_SESSION_LIFETIME": timedelta(days=max(30, settings.session_idle_days)),
        "SESSION_COOKIE_NAME": session_interface.COOKIE,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_REFRESH_EACH_REQUEST": False,
    }
