"""OpenID Connect: who somebody is, by the word of a provider that is found by its issuer's address.

The authorization code flow with PKCE, state and nonce (OpenID Connect Core 1.0, section 3.1; RFC 7636). Nothing here
knows Flask, and nothing may be called within a transaction: it asks other machines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chat.config import Settings, WrongSetting, is_loopback
from chat.openid.failures import OutOfOrder, Unproven
from chat.openid.flow import Flow, Identity

if TYPE_CHECKING:
    from chat.openid.provider import Provider

__all__ = ["Flow", "Identity", "OutOfOrder", "Unproven", "configured"]


def configured(settings: Settings) -> Provider | None:
    """Make the provider that the settings name, if they name one; it isn't asked yet. Raises WrongSetting."""
    issuer, client_id = settings["OIDC_ISSUER"], settings["OIDC_CLIENT_ID"]
    if not issuer and not client_id:
        return None
    if not issuer or not client_id:
        raise WrongSetting("OIDC_ISSUER and OIDC_CLIENT_ID belong together: set both, or neither.")
    parsed = urlsplit(issuer)
    if parsed.scheme != "https" and not is_loopback(parsed.hostname or ""):
        raise WrongSetting("OIDC_ISSUER has to begin with https://, or anybody on the way could say who somebody is.")
    from chat.openid.provider import Provider  # with Authlib, whose 11 MB nobody else needs

    return Provider(issuer, client_id, settings["OIDC_CLIENT_SECRET"])
