"""Routers as platforms have them before an app: they cut, they buffer, they choose among backends; all on loopback."""

from tests.routers.kinds import BUFFERING, CLOUDFLARE, CUTTING, HEROKU, KINDS, NGINX, Kind
from tests.routers.router import Router

__all__ = ["BUFFERING", "CLOUDFLARE", "CUTTING", "HEROKU", "KINDS", "NGINX", "Kind", "Router"]
