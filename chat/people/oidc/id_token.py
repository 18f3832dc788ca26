"""Who somebody is by an ID token, once all in it is checked."""

from __future__ import annotations

import json
import logging
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt

from chat.people.oidc.discovery import FAULTS, Discovery
from chat.people.oidc.flow import Identity, VerificationFailed

SIGNATURES = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
"""How an ID token may be signed: by a key of which the provider alone has the private half; never HS256, never none."""

LEEWAY = 60
"""By how many seconds the two clocks may differ."""

LONGEST = {"sub": 255, "email": 254}
LONGEST_NAME = 100
"""How many characters are kept: a name is cut, and of the others what is longer is refused."""

logger = logging.getLogger(__name__)


def read_claims(tokens: Mapping[str, Any], discovery: Discovery, client_id: str, nonce: str) -> dict[str, Any]:
    """Read the ID token, and check its signature, issuer, audience, times and nonce.

    Raises VerificationFailed and ProviderUnavailable.
    """
    expected = {
        "iss": {"essential": True, "value": discovery.issuer()},
        "aud": {"essential": True, "value": client_id},
    }
    params = {"nonce": nonce, "client_id": client_id, "access_token": tokens.get("access_token")}
    try:
        token = decode(str(tokens.get("id_token", "")), discovery)
        claims = CodeIDToken(token.claims, token.header, expected, params)
        claims.validate(leeway=LEEWAY)
    except FAULTS as error:
        logger.warning("an ID token was refused: %s", reason_of(error, str(tokens.get("id_token", ""))))
        raise VerificationFailed(
            "What came back could not be verified, so you were not signed in. Try again."
        ) from error
    return dict(claims)


def reason_of(error: Exception, token: str) -> str:
    """Tell why a token was refused, and what to do where it is signed by the secret that both sides know."""
    with suppress(ValueError, AttributeError):
        signature = str(json.loads(urlsafe_b64decode(f"{token.partition('.')[0]}==")).get("alg"))
        if signature in {"HS256", "HS384", "HS512"}:
            return f"it is signed by {signature}. Choose RS256 for this app at the provider."
    return type(error).__name__


def decode(token: str, discovery: Discovery) -> jwt.Token:
    """Check the signature; by the keys that there are now, where those that were kept don't fit."""
    try:
        return jwt.decode(token, discovery.keys(), algorithms=SIGNATURES)
    except FAULTS:
        return jwt.decode(token, discovery.keys(refresh=True), algorithms=SIGNATURES)


def identity_of(claims: Mapping[str, Any], is_trusted: bool = False) -> Identity:
    """Read who it is; a trusted issuer need not say that an e-mail is verified. Raises VerificationFailed."""
    told = {name: claims.get(name) or "" for name in ("iss", "sub", "email")}
    if is_trusted and not told["email"]:
        told["email"] = email_in(claims)
    if not told["sub"] or any(not isinstance(value, str) for value in told.values()):
        raise VerificationFailed("What came back doesn't say who you are, so you were not signed in.")
    if any(len(told[name]) > most for name, most in LONGEST.items()):
        raise VerificationFailed("What came back says more than can be kept, so you were not signed in.")
    name = claims.get("name")
    subject, shown = f"{told['iss']} {told['sub']}", name[:LONGEST_NAME] if isinstance(name, str) else ""
    return Identity(subject, told["email"], bool(told["email"]) and is_verified(claims, is_trusted), shown)


def email_in(claims: Mapping[str, Any]) -> str:
    """Find an e-mail where Microsoft Entra tells it of people without a mailbox; empty where none is told."""
    name = claims.get("preferred_username")
    return name if isinstance(name, str) and "@" in name else ""


def is_verified(claims: Mapping[str, Any], is_trusted: bool) -> bool:
    """Tell whether an e-mail is said to be verified; Amazon Cognito and others say so by a string."""
    said = claims.get("email_verified")
    if said is None and is_trusted:
        return True
    verified = said is True or (isinstance(said, str) and said.lower() == "true")
    if not verified:
        how = "not there" if said is None else "not true"
        logger.warning("the claim email_verified is %s, so the e-mail of a sign-in decides nothing", how)
    return verified
