"""The app with the times of its streams divided by HASTE, for routers whose times are: three minutes take seconds.

Nothing else is changed, so it is no setting of the app's.
"""

from __future__ import annotations

import os

from flask import Flask

import app
from chat.routes import streams


def create_app() -> Flask:
    """Make the app as gunicorn is told to by the tests."""
    haste = float(os.environ["HASTE"])
    streams.BEAT, streams.SPAN = streams.BEAT / haste, streams.SPAN / haste
    return app.create_app()
