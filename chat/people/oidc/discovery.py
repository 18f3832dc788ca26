"""Discovery: a provider's endpoints and keys, fetched when needed and cached for an hour.

So the app starts without the provider. The log says what is wrong with it.
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
"""What the libraries raise for a malformed key or token."""

logger = logging.getLogger(__name__)


class Discovery:
    """The published metadata of one issuer; `issuer` has no slash at its end, even if the provider's own has."""

    def __init__(self, issuer: str, secret: str = "", times: Timeouts = TIMEOUTS):
        self._address, self._secret, self._times = issuer, secret, times
        self._cached: dict[str, tuple[float, dict[str, Any]]] = {}

    def metadata(self) -> dict[str, Any]:
        """Return the provider's metadata. Raises ProviderUnavailable."""
        found = self._cached_json(WELL_KNOWN, f"{self._address}{WELL_KNOWN}")
        if str(found.get("issuer", "")).rstrip("/") != self._address:
            self._cached.clear()
            raise self._unavailable("the issuer it names differs from OIDC_ISSUER")
        return found

    def issuer(self) -> str:
        """Return the issuer as the provider writes it. Raises ProviderUnavailable."""
        return str(self.metadata()["issuer"])

    def endpoint(self, name: str) -> str:
        """Return an endpoint, which must use https if the issuer does. Raises ProviderUnavailable."""
        address = str(self.metadata().get(name, ""))
        if urlsplit(address).scheme not in {"https", urlsplit(self._address).scheme}:
            raise self._unavailable(f"no usable {name} published")
        return address

    def keys(self, refresh: bool = False) -> KeySet:
        """Return the provider's public keys. Raises ProviderUnavailable."""
        if refresh:
            self._cached.pop(KEYS, None)
        return key_set(self._cached_json(KEYS, self.endpoint(KEYS)))

    def _cached_json(self, name: str, url: str) -> dict[str, Any]:
        """Return an answer of the last hour, or fetch it."""
        at, found = self._cached.get(name, (0.0, {}))
        if not found or time.monotonic() - at > CACHE_SECONDS:
            found = self.fetch_json(url, {})
            self._cached[name] = time.monotonic(), found
        return found

    def fetch_json(self, url: str, headers: Mapping[str, str], body: bytes | None = None) -> dict[str, Any]:
        """Ask the provider for a JSON object, following no redirect. Raises ProviderUnavailable."""
        request = StreamingRequest(url, body, headers, self._times, self._secret, pauses=())
        try:
            found = json.loads(read_body(request, LARGEST))
        except (ProviderError, ValueError, RecursionError) as error:
            raise self._unavailable(f"{urlsplit(url).path} returned an unusable response") from error
        if not isinstance(found, dict):
            raise self._unavailable(f"{urlsplit(url).path} returned something other than a JSON object")
        return found

    def _unavailable(self, why: str) -> ProviderUnavailable:
        logger.warning("single sign-on with %s is unavailable: %s", self._address, why)
        return ProviderUnavailable()


def key_set(published: Mapping[str, Any]) -> KeySet:
    """Read the public keys for signatures; skip shared secrets and malformed keys."""
    keys = []
    for each in published.get("keys") or []:
        with suppress(*FAULTS):
            if each.get("kty") in KEY_TYPES and each.get("use", "sig") == "sig":
                keys.append(import_key(each))
    return KeySet(keys)
