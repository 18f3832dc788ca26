"""Raise the limit of open files: a stream takes one or two."""

from __future__ import annotations

import resource

WANTED = 8_192


def allow_open_files() -> None:
    """Raise the soft limit to what a thousand streams need, or to the hard limit if that is lower."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
