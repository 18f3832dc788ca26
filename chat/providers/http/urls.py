"""Addresses of servers: what is put behind one, and which are the same host."""

from __future__ import annotations

import re
from urllib.parse import urlsplit


def with_path(url: str, path: str) -> str:
    """Put a path behind an address, before its query."""
    base, mark, query = url.partition("?")
    return f"{base.rstrip('/')}{path}{mark}{query}"


def with_version(url: str) -> str:
    """Put /v1 behind an address; empty where it has a version already."""
    return "" if re.search(r"/v\d", urlsplit(url).path) else with_path(url, "/v1")


def host_of(url: str) -> str:
    """Name the host of an address, however it is spelled."""
    return (urlsplit(url).hostname or "").rstrip(".")
