"""Run the app with the times of its streams, headers and bodies divided by HASTE.

So three minutes behind a router take seconds. Nothing else changes; the app has no setting for this.
"""

from __future__ import annotations

import os

from flask import Flask

import app
from chat.routes.streaming import responses
from chat.server import request_heads
from chat.web import request_body


def create_app() -> Flask:
    """Build the app for gunicorn in the tests."""
    haste = float(os.environ["HASTE"])
    responses.HEARTBEAT, responses.SPAN = responses.HEARTBEAT / haste, responses.SPAN / haste
    request_body.BODY_TIMEOUT, request_heads.SECONDS = request_body.BODY_TIMEOUT / haste, request_heads.SECONDS / haste
    return app.create_app()
