"""Serve what several folders of route tests need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mailbox import Mailbox, mailbox


@pytest.fixture
def mails() -> Iterator[Mailbox]:
    """A mail server."""
    with mailbox() as server:
        yield server
