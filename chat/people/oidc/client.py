"""The way to a provider and back: where somebody is sent, and who comes back."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from chat.people.oidc.discovery import TIMES, Published
from chat.people.oidc.failures import OutOfOrder, Unproven
from chat.people.oidc.flow import Flow, Identity
from chat.people.oidc.id_token import claims_in, identity_of
from chat.providers.base import Timeouts

SCOPE = "openid email profile"
BASIC, POST = "client_secret_basic", "client_secret_post"
FORM = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}


class Provider:
    """A provider of OpenID Connect, as it knows this app."""

    def __init__(
        self, issuer: str, client_id: str, secret: str = "", times: Timeouts = TIMES, is_trusted: bool = False
    ):
        self.client_id, self.secret, self.is_trusted = client_id, secret, is_trusted
        self.published = Published(issuer, secret, times)

    def address(self, flow: Flow) -> str:
        """Give the address where somebody shows who they are. Raises OutOfOrder."""
        return prepare_grant_uri(
            self.published.endpoint("authorization_endpoint"),
            self.client_id,
            "code",
            flow.redirect_uri,
            SCOPE,
            flow.state,
            nonce=flow.nonce,
            code_challenge=create_s256_code_challenge(flow.verifier),
            code_challenge_method="S256",
        )

    def identity(self, flow: Flow, answer: Mapping[str, str]) -> Identity:
        """Find out who has come back, with what is in the address. Raises Unproven and OutOfOrder."""
        tokens = self._tokens(flow, self._code_in(flow, answer))
        claims = claims_in(tokens, self.published, self.client_id, flow.nonce)
        if claims.get("email") is None:
            claims |= self._more(tokens, claims)
        elif claims.get("email_verified") is None:
            with suppress(OutOfOrder):  # who is known already needs no e-mail
                claims |= self._more(tokens, claims)
        return identity_of(claims, self.is_trusted)

    def _code_in(self, flow: Flow, answer: Mapping[str, str]) -> str:
        """Read the code; an issuer that is named must be the one that was asked (RFC 9207)."""
        if not hmac.compare_digest(answer.get("state", "").encode(), flow.state.encode()):
            raise Unproven("This is not the sign-in that was begun here. Begin again.")
        if "error" in answer:
            raise Unproven("You were not signed in: it was given up, or refused, where you were sent.")
        if not answer.get("code") or answer.get("iss", self.published.issuer()) != self.published.issuer():
            raise Unproven("What came back is no sign-in. Begin again.")
        return answer["code"]

    def _tokens(self, flow: Flow, code: str) -> dict[str, Any]:
        """Exchange the code; the secret goes to that address and no further."""
        body = prepare_token_request(
            "authorization_code", "", flow.redirect_uri, code=code, code_verifier=flow.verifier
        )
        proof = ClientAuth(self.client_id, self.secret, self._way())
        url, headers, body = proof.prepare("POST", self.published.endpoint("token_endpoint"), dict(FORM), body)
        return self.published.ask(url, headers, body.encode())

    def _way(self) -> str:
        """Choose how to show the secret: in the header, unless the provider wants it in the form."""
        if not self.secret:
            return "none"
        ways = self.published.about().get("token_endpoint_auth_methods_supported") or [BASIC]
        return POST if BASIC not in ways and POST in ways else BASIC

    def _more(self, tokens: dict[str, Any], claims: dict[str, Any]) -> dict[str, Any]:
        """Ask for the e-mail, and all that is said of it; of somebody else it is not believed (Core, section 5.3.2)."""
        if not tokens.get("access_token") or not self.published.about().get("userinfo_endpoint"):
            return {}
        headers = {"Accept": "application/json", "Authorization": f"Bearer {tokens['access_token']}"}
        told = self.published.ask(self.published.endpoint("userinfo_endpoint"), headers)
        if told.get("sub") != claims["sub"]:
            return {}
        known = {name: told[name] for name in ("email", "email_verified", "name") if told.get(name) is not None}
        return {"email_verified": None} | known if "email" in known else known  # it is said of the e-mail beside it
