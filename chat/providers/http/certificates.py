"""The certificate authorities that this process trusts for providers, single sign-on and mail."""

from __future__ import annotations

import functools
import ssl
from pathlib import Path
from typing import Any

from urllib3.util.ssl_ import create_urllib3_context

UNTRUSTED = "{who} has a certificate that isn't trusted. Ask your admin to set CA_BUNDLE to its authority."

_bundle = ""


def trust(bundle: str) -> None:
    """Trust only the authorities in a file or folder from now on; "" means the usual ones."""
    global _bundle
    _bundle = bundle


def bundle_or(usual: Any) -> Any:
    """Return the file or folder that `trust` set, or the usual one."""
    return _bundle or usual


@functools.cache
def tls_context(bundle: str) -> ssl.SSLContext:
    """Create, once, a TLS context for requests that trusts the authorities in a file or folder."""
    context = create_urllib3_context()
    context.load_verify_locations(**verify_locations(bundle))
    return context


def mail_tls_context() -> ssl.SSLContext:
    return ssl.create_default_context(ssl.Purpose.SERVER_AUTH, **verify_locations(_bundle))


def verify_locations(bundle: str) -> dict[str, str]:
    """Return the arguments for `ssl`: a file or a folder, or nothing for the usual authorities."""
    return {"capath" if Path(bundle).is_dir() else "cafile": bundle} if bundle else {}
