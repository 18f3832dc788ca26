"""The ID token: verify it, and read the identity in it."""

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
"""Allowed algorithms: only those with a private key that the provider alone has; never HS256, never none."""

LEEWAY = 60
"""How many seconds the two clocks can differ."""

LONGEST = {"sub": 255, "email": 254}
LONGEST_NAME = 100
"""How many characters are stored: a longer name is cut, another longer claim is refused."""

logger = logging.getLogger(__name__)


def read_claims(tokens: Mapping[str, Any], discovery: Discovery, client_id: str, nonce: str) -> dict[str, Any]:
    """Verify an ID token's signature, issuer, audience, times and nonce, and return its claims.

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
        logger.warning("an ID token was rejected: %s", reason_of(error, str(tokens.get("id_token", ""))))
        raise VerificationFailed("Sign-in couldn't be verified. Try again.") from error
    return dict(claims)


def reason_of(error: Exception, token: str) -> str:
    """Explain for the log why a token was refused, and what to do if it is signed with the shared secret."""
    with suppress(ValueError, AttributeError):
        signature = str(json.loads(urlsafe_b64decode(f"{token.partition('.')[0]}==")).get("alg"))
        if signature in {"HS256", "HS384", "HS512"}:
            return f"it is signed with {signature}. Choose RS256 for Rivulet at the provider."
    return type(error).__name__


def decode(token: str, discovery: Discovery) -> jwt.Token:
    """Verify the signature; fetch the keys again if the cached ones don't fit."""
    try:
        return jwt.decode(token, discovery.keys(), algorithms=SIGNATURES)
    except FAULTS:
        return jwt.decode(token, discovery.keys(refresh=True), algorithms=SIGNATURES)


def identity_of(claims: Mapping[str, Any], is_trusted: bool = False) -> Identity:
    """Read the identity. A trusted issuer need not say that an email is verified. Raises VerificationFailed."""
    texts = {name: claims.get(name) or "" for name in ("iss", "sub", "email")}
    if is_trusted and not texts["email"]:
        texts["email"] = email_in(claims)
    if not texts["sub"] or any(not isinstance(value, str) for value in texts.values()):
        raise VerificationFailed("The provider didn't say who you are.")
    if any(len(texts[name]) > most for name, most in LONGEST.items()):
        raise VerificationFailed("The provider sent too much data.")
    name = claims.get("name")
    subject, shown = f"{texts['iss']} {texts['sub']}", name[:LONGEST_NAME] if isinstance(name, str) else ""
    return Identity(subject, texts["email"], bool(texts["email"]) and is_verified(claims, is_trusted), shown)


def email_in(claims: Mapping[str, Any]) -> str:
    """Find the email address of an account without a mailbox at Microsoft Entra; empty if there is none."""
    name = claims.get("preferred_username")
    return name if isinstance(name, str) and "@" in name else ""


def is_verified(claims: Mapping[str, Any], is_trusted: bool) -> bool:
    """Return whether the provider calls the email address verified; Amazon Cognito and others use a string."""
    claim = claims.get("email_verified")
    if claim is None and is_trusted:
        return True
    verified = claim is True or (isinstance(claim, str) and claim.lower() == "true")
    if not verified:
        how = "missing" if claim is None else "not true"
        logger.warning("the claim email_verified is %s, so the email of this sign-in is not matched to an account", how)
    return verified
