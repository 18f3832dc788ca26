"""OpenID Connect: the client side of single sign-on.

The authorization code flow with PKCE, state and nonce (OpenID Connect Core 1.0, section 3.1; RFC 7636). Nothing here
knows Flask. Call nothing of it within a transaction: it asks other machines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chat.config import Settings, WrongSetting, is_loopback
from chat.people.oidc.flow import Flow, Identity, ProviderUnavailable, VerificationFailed

if TYPE_CHECKING:
    from chat.people.oidc.client import Provider

OPEN_ISSUERS = (
    *("https://accounts.google.com/", "https://gitlab.com/", "https://appleid.apple.com/"),
    *(f"https://login.microsoftonline.com/{tenant}/" for tenant in ("common", "organizations", "consumers")),
    "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/",  # Microsoft's tenant ID of "consumers"
)

__all__ = ["Flow", "Identity", "ProviderUnavailable", "VerificationFailed", "create_provider"]


def create_provider(settings: Settings) -> Provider | None:
    """Create the provider of the settings, or None, without a request to it. Raises WrongSetting."""
    issuer, client_id = settings.oidc_issuer, settings.oidc_client_id
    if not issuer and not client_id:
        return None
    if not issuer or not client_id:
        raise WrongSetting("Set both OIDC_ISSUER and OIDC_CLIENT_ID, or neither.")
    parsed = urlsplit(issuer)
    if parsed.scheme != "https" and not is_loopback(parsed.hostname or ""):
        raise WrongSetting("OIDC_ISSUER must start with https://.")
    is_trusted = settings.oidc_trust_email == "on"
    if is_trusted and f"{issuer}/".startswith(OPEN_ISSUERS):
        raise WrongSetting(f"OIDC_TRUST_EMAIL can't be on for {issuer}: anyone can create an account there.")
    from chat.people.oidc.client import Provider

    return Provider(issuer, client_id, settings.oidc_client_secret, is_trusted=is_trusted)
