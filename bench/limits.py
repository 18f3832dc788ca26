"""How many files a process of the bench may hold open: a stream is one, or two."""

from __future__ import annotations

import resource

WANTED = 8_192


def allow_open_files() -> None:
    """Raise the soft limit as far as it goes, up to what a thousand streams need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
