"""What a provider publishes: its addresses and its keys, asked for when they are needed and kept for an hour.

So the app starts without the provider. What breaks here is the provider's matter, and told to the log.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import KeySet, import_key

from chat.people.oidc.failures import OutOfOrder
from chat.providers.base import Timeouts
from chat.providers.errors import ProviderError
from chat.providers.http.client import StreamingRequest
from chat.providers.http.result import read_body

KEPT = 3_600
TIMES = Timeouts(connect=5, first_byte=10, read=10, total=15)
LARGEST = 512 * 1024
KEY_TYPES = {"RSA", "EC", "OKP"}

WELL_KNOWN = "/.well-known/openid-configuration"
KEYS = "jwks_uri"

FAULTS = (JoseError, ValueError, TypeError, KeyError, AttributeError)
"""What is raised for a key or a token that is none."""

logger = logging.getLogger(__name__)


class Published:
    """What the provider of one issuer publishes; `issuer` has no slash at its end, whatever the provider's has."""

    def __init__(self, issuer: str, secret: str = "", times: Timeouts = TIMES):
        self._address, self._secret, self._times = issuer, secret, times
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}

    def about(self) -> dict[str, Any]:
        """Give what the provider says about itself. Raises OutOfOrder."""
        found = self._fresh(WELL_KNOWN, f"{self._address}{WELL_KNOWN}")
        if str(found.get("issuer", "")).rstrip("/") != self._address:
            self._kept.clear()
            raise self._out_of_order("it says that it is another issuer than OIDC_ISSUER")
        return found

    def issuer(self) -> str:
        """Give the issuer as the provider writes it. Raises OutOfOrder."""
        return str(self.about()["issuer"])

    def endpoint(self, name: str) -> str:
        """Give one of its addresses, which must be as safe as the issuer's own. Raises OutOfOrder."""
        address = str(self.about().get(name, ""))
        if urlsplit(address).scheme not in {"https", urlsplit(self._address).scheme}:
            raise self._out_of_order(f"it publishes no {name} that can be used")
        return address

    def keys(self, anew: bool = False) -> KeySet:
        """Give its public keys; of others that it may publish none is used. Raises OutOfOrder."""
        if anew:
            self._kept.pop(KEYS, None)
        return key_set(self._fresh(KEYS, self.endpoint(KEYS)))

    def _fresh(self, name: str, url: str) -> dict[str, Any]:
        """Give what was fetched within the hour, or fetch it."""
        at, found = self._kept.get(name, (0.0, {}))
        if not found or time.monotonic() - at > KEPT:
            found = self.ask(url, {})
            self._kept[name] = time.monotonic(), found
        return found

    def ask(self, url: str, headers: Mapping[str, str], body: bytes | None = None) -> dict[str, Any]:
        """Ask the provider for an object of JSON; redirects are not followed. Raises OutOfOrder."""
        request = StreamingRequest(url, body, headers, self._times, self._secret, pauses=())
        try:
            found = json.loads(read_body(request, LARGEST))
        except (ProviderError, ValueError, RecursionError) as error:
            raise self._out_of_order(f"{urlsplit(url).path} gave no answer that can be used") from error
        if not isinstance(found, dict):
            raise self._out_of_order(f"{urlsplit(url).path} gave something else than an object")
        return found

    def _out_of_order(self, why: str) -> OutOfOrder:
        logger.warning("single sign-on by %s can't be used: %s", self._address, why)
        return OutOfOrder()


def key_set(published: Mapping[str, Any]) -> KeySet:
    """Read the keys by which something may be signed that others can check; a shared secret is none."""
    keys = []
    for each in published.get("keys") or []:
        with suppress(*FAULTS):
            if each.get("kty") in KEY_TYPES and each.get("use", "sig") == "sig":
                keys.append(import_key(each))
    return KeySet(keys)
