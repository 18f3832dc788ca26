"""Whose certificates this process trusts, for all that it asks: providers, single sign-on, mail."""

from __future__ import annotations

import functools
import ssl
from pathlib import Path
from typing import Any

from urllib3.util.ssl_ import create_urllib3_context

UNTRUSTED = (
    "The server at {host} can't prove who it is: its certificate is not trusted. "
    "An administrator can name its authority in CA_BUNDLE."
)

_bundle = ""


def trust(bundle: str) -> None:
    """Trust the authorities in a file or folder alone, from now on; an empty name stands for the usual ones."""
    global _bundle
    _bundle = bundle


def bundle_or(usual: Any) -> Any:
    """Give the name of what was chosen, else what is usual."""
    return _bundle or usual


@functools.cache
def tls_context(bundle: str) -> ssl.SSLContext:
    """Make the TLS context of requests that trusts the authorities in a file or folder, once."""
    context = create_urllib3_context()
    context.load_verify_locations(**verify_locations(bundle))
    return context


def mail_tls_context() -> ssl.SSLContext:
    """Make a TLS context for a mail server."""
    return ssl.create_default_context(ssl.Purpose.SERVER_AUTH, **verify_locations(_bundle))


def verify_locations(bundle: str) -> dict[str, str]:
    """Say what `ssl` is to read: a file or a folder; nothing stands for the usual authorities."""
    return {"capath" if Path(bundle).is_dir() else "cafile": bundle} if bundle else {}
