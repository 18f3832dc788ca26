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

from chat.config.durations import HOUR
from chat.people.oidc.flow import ProviderUnavailable
from chat.providers.base import Timeouts
from chat.providers.errors import ProviderError
from chat.providers.http.client import StreamingRequest
from chat.providers.http.result import read_body

CACHE_SECONDS = HOUR
TIMEOUTS = Timeouts(connect=5, first_byte=10, read=10, total=15)
LARGEST = 512 * 1024
KEY_TYPES = {"RSA", "EC", "OKP"}

WELL_KNOWN = "/.well-known/openid-configuration"
KEYS = "jwks_uri"

FAULTS = (JoseError, ValueError, TypeError, KeyError, AttributeError)
"""What is raised for a key or a token that is none."""

logger = logging.getLogger(__name__)


class Discovery:
    """What the provider of one issuer publishes; `issuer` has no slash at its end, whatever the provider's has."""

    def __init__(self, issuer: str, secret: str = "", times: Timeouts = TIMEOUTS):
        self._address, self._secret, self._times = issuer, secret, times
        self._cached: dict[str, tuple[float, dict[str, Any]]] = {}

    def metadata(self) -> dict[str, Any]:
        """Give what the provider says about itself. Raises ProviderUnavailable."""
        found = self._cached_json(WELL_KNOWN, f"{self._address}{WELL_KNOWN}")
        if str(found.get("issuer", "")).rstrip("/") != self._address:
            self._cached.clear()
            raise self._unavailable("it says that it is another issuer than OIDC_ISSUER")
        return found

    def issuer(self) -> str:
        """Give the issuer as the provider writes it. Raises ProviderUnavailable."""
        return str(self.metadata()["issuer"])

    def endpoint(self, name: str) -> str:
        """Give one of its addresses, which must be as safe as the issuer's own. Raises ProviderUnavailable."""
        address = str(self.metadata().get(name, ""))
        if urlsplit(address).scheme not in {"https", urlsplit(self._address).scheme}:
            raise self._unavailable(f"it publishes no {name} that can be used")
        return address

    def keys(self, refresh: bool = False) -> KeySet:
        """Give its public keys; of others that it may publish none is used. Raises ProviderUnavailable."""
        if refresh:
            self._cached.pop(KEYS, None)
        return key_set(self._cached_json(KEYS, self.endpoint(KEYS)))

    def _cached_json(self, name: str, url: str) -> dict[str, Any]:
        """Give what was fetched within the hour, or fetch it."""
        at, found = self._cached.get(name, (0.0, {}))
        if not found or time.monotonic() - at > CACHE_SECONDS:
            found = self.fetch_json(url, {})
            self._cached[name] = time.monotonic(), found
        return found

    def fetch_json(self, url: str, headers: Mapping[str, str], body: bytes | None = None) -> dict[str, Any]:
        """Ask the provider for an object of JSON; redirects are not followed. Raises ProviderUnavailable."""
        request = StreamingRequest(url, body, headers, self._times, self._secret, pauses=())
        try:
            found = json.loads(read_body(request, LARGEST))
        except (ProviderError, ValueError, RecursionError) as error:
            raise self._unavailable(f"{urlsplit(url).path} gave no answer that can be used") from error
        if not isinstance(found, dict):
            raise self._unavailable(f"{urlsplit(url).path} gave something else than an object")
        return found

    def _unavailable(self, why: str) -> ProviderUnavailable:
        logger.warning("single sign-on by %s can't be used: %s", self._address, why)
        return ProviderUnavailable()


def key_set(published: Mapping[str, Any]) -> KeySet:
    """Read the keys by which something may be signed that others can check; a shared secret is none."""
    keys = []
    for each in published.get("keys") or []:
        with suppress(*FAULTS):
            if each.get("kty") in KEY_TYPES and each.get("use", "sig") == "sig":
                keys.append(import_key(each))
    return KeySet(keys)
