"""Who somebody is by an ID token, once all in it is checked."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt

from chat.openid.failures import Unproven
from chat.openid.flow import Identity
from chat.openid.published import FAULTS, Published

SIGNATURES = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
"""How an ID token may be signed: by a key of which the provider alone has the private half; never HS256, never none."""

LEEWAY = 60
"""By how many seconds the two clocks may differ."""

LONGEST = {"sub": 255, "email": 254}
LONGEST_NAME = 100
"""How many characters are kept: a name is cut, and of the others what is longer is refused."""

logger = logging.getLogger(__name__)


def claims_in(tokens: Mapping[str, Any], published: Published, client_id: str, nonce: str) -> dict[str, Any]:
    """Read the ID token, and check its signature, issuer, audience, times and nonce. Raises Unproven and OutOfOrder."""
    expected = {
        "iss": {"essential": True, "value": published.issuer()},
        "aud": {"essential": True, "value": client_id},
    }
    params = {"nonce": nonce, "client_id": client_id, "access_token": tokens.get("access_token")}
    try:
        token = decoded(str(tokens.get("id_token", "")), published)
        claims = CodeIDToken(token.claims, token.header, expected, params)
        claims.validate(leeway=LEEWAY)
    except FAULTS as error:
        logger.warning("an ID token was refused: %s", type(error).__name__)
        raise Unproven("What came back could not be verified, so you were not signed in. Try again.") from error
    return dict(claims)


def decoded(token: str, published: Published) -> jwt.Token:
    """Check the signature; by the keys that there are now, where those that were kept don't fit."""
    try:
        return jwt.decode(token, published.keys(), algorithms=SIGNATURES)
    except FAULTS:
        return jwt.decode(token, published.keys(anew=True), algorithms=SIGNATURES)


def identity_of(claims: Mapping[str, Any]) -> Identity:
    """Read who it is; an e-mail is verified where exactly that is said, and never by silence. Raises Unproven."""
    told = {name: claims.get(name, "") for name in ("iss", "sub", "email", "name")}
    if not told["sub"] or any(not isinstance(value, str) for value in told.values()):
        raise Unproven("What came back doesn't say who you are, so you were not signed in.")
    if any(len(told[name]) > most for name, most in LONGEST.items()):
        raise Unproven("What came back says more than can be kept, so you were not signed in.")
    verified = claims.get("email_verified") is True
    return Identity(f"{told['iss']} {told['sub']}", told["email"], verified, told["name"][:LONGEST_NAME])
