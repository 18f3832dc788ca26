"""URLs of servers: adding a path, and comparing hosts."""

from __future__ import annotations

import re
from urllib.parse import urlsplit


def with_path(url: str, path: str) -> str:
    """Append a path to a URL, before its query."""
    base, mark, query = url.partition("?")
    return f"{base.rstrip('/')}{path}{mark}{query}"


def with_version(url: str) -> str:
    """Append /v1 to a URL; return "" if it has a version."""
    return "" if re.search(r"/v\d", urlsplit(url).path) else with_path(url, "/v1")


def host_of(url: str) -> str:
    return (urlsplit(url).hostname or "").rstrip(".")
