"""Simulate the routers of platforms on loopback: they cut, they buffer, they choose among backends."""

from tests.routers.kinds import BUFFERING, CLOUDFLARE, CUTTING, HEROKU, KINDS, NGINX, Kind
from tests.routers.router import Router

__all__ = ["BUFFERING", "CLOUDFLARE", "CUTTING", "HEROKU", "KINDS", "NGINX", "Kind", "Router"]
