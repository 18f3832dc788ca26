"""The app with the times of its streams, heads and bodies divided by HASTE: three minutes behind a router take seconds.

Nothing else is changed, so it is no setting of the app's.
"""

from __future__ import annotations

import os

from flask import Flask

import app
from chat.routes.streaming import responses
from chat.server import request_heads
from chat.web import request_body


def create_app() -> Flask:
    """Make the app as gunicorn is told to by the tests."""
    haste = float(os.environ["HASTE"])
    responses.HEARTBEAT, responses.SPAN = responses.HEARTBEAT / haste, responses.SPAN / haste
    request_body.BODY_TIMEOUT, request_heads.SECONDS = request_body.BODY_TIMEOUT / haste, request_heads.SECONDS / haste
    return app.create_app()
