"""Describe the limits of platforms' routers, in seconds.

Heroku wants the first byte within 30 and then a byte every 55. nginx and AWS's load balancer allow 60 for both,
Cloudflare 100. Each sends its own error page before the first byte, and cuts the connection after it. Two more kinds
are here: one holds every response back until its end, one cuts every connection after 5.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import Any


@dataclass(frozen=True)
class Kind:
    """A router's limits in seconds: for the first byte, for a silence, for the whole connection."""

    name: str
    status: int = 504
    first: float = inf
    gap: float = inf
    life: float = inf
    holds: float = 0
    """How many bytes of a response it collects before it sends any; the response's end also sends them."""
    reuses: bool = False
    """Whether it reuses connections to a backend."""
    waits: float = 0
    """How long a request waits for a backend while none is up."""

    def faster(self, times: float) -> Kind:
        """Divide all its times."""
        shorter: dict[str, Any] = {name: getattr(self, name) / times for name in ("first", "gap", "life", "waits")}
        return replace(self, **shorter)


HEROKU = Kind("Heroku", 503, first=30, gap=55, waits=75)
NGINX = Kind("nginx, ALB", 504, first=60, gap=60, reuses=True)
CLOUDFLARE = Kind("Cloudflare", 524, first=100, gap=100, reuses=True)
BUFFERING = Kind("one that buffers", 504, first=60, gap=60, holds=inf)
CUTTING = Kind("one that cuts at 5 s", 504, life=5)
KINDS = (HEROKU, NGINX, CLOUDFLARE, BUFFERING, CUTTING)
