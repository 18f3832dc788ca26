"""The client: where to send a browser, and whose identity it brings back."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from chat.people.oidc.discovery import TIMEOUTS, Discovery
from chat.people.oidc.flow import Flow, Identity, ProviderUnavailable, VerificationFailed
from chat.people.oidc.id_token import identity_of, read_claims
from chat.providers.base import Timeouts

SCOPE = "openid email profile"
BASIC, POST = "client_secret_basic", "client_secret_post"
FORM = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}


class Provider:
    """An OpenID provider, and this app's client ID and secret there."""

    def __init__(
        self, issuer: str, client_id: str, secret: str = "", times: Timeouts = TIMEOUTS, is_trusted: bool = False
    ):
        self.client_id, self.secret, self.is_trusted = client_id, secret, is_trusted
        self.discovery = Discovery(issuer, secret, times)

    def authorization_url(self, flow: Flow) -> str:
        """Return the address of the provider's sign-in page. Raises ProviderUnavailable."""
        return prepare_grant_uri(
            self.discovery.endpoint("authorization_endpoint"),
            self.client_id,
            "code",
            flow.redirect_uri,
            SCOPE,
            flow.state,
            nonce=flow.nonce,
            code_challenge=create_s256_code_challenge(flow.verifier),
            code_challenge_method="S256",
        )

    def fetch_identity(self, flow: Flow, answer: Mapping[str, str]) -> Identity:
        """Verify a callback, and return its identity. Raises VerificationFailed and ProviderUnavailable."""
        tokens = self._fetch_tokens(flow, self._read_code(flow, answer))
        claims = read_claims(tokens, self.discovery, self.client_id, flow.nonce)
        if claims.get("email") is None:
            claims |= self._fetch_userinfo(tokens, claims)
        elif claims.get("email_verified") is None:
            with suppress(ProviderUnavailable):  # an identity that is linked already needs no email
                claims |= self._fetch_userinfo(tokens, claims)
        return identity_of(claims, self.is_trusted)

    def _read_code(self, flow: Flow, answer: Mapping[str, str]) -> str:
        """Read the code. An issuer in the answer must be the one that was asked (RFC 9207)."""
        if not hmac.compare_digest(answer.get("state", "").encode(), flow.state.encode()):
            raise VerificationFailed("This sign-in has expired. Start again.")
        if "error" in answer:
            raise VerificationFailed("Sign-in was cancelled or refused.")
        if not answer.get("code") or answer.get("iss", self.discovery.issuer()) != self.discovery.issuer():
            raise VerificationFailed("Sign-in failed. Start again.")
        return answer["code"]

    def _fetch_tokens(self, flow: Flow, code: str) -> dict[str, Any]:
        """Exchange the code for tokens. Only the token endpoint gets the secret."""
        body = prepare_token_request(
            "authorization_code", "", flow.redirect_uri, code=code, code_verifier=flow.verifier
        )
        proof = ClientAuth(self.client_id, self.secret, self._auth_method())
        url, headers, body = proof.prepare("POST", self.discovery.endpoint("token_endpoint"), dict(FORM), body)
        return self.discovery.fetch_json(url, headers, body.encode())

    def _auth_method(self) -> str:
        """Choose how to send the secret: in the header, unless the provider wants it in the form."""
        if not self.secret:
            return "none"
        ways = self.discovery.metadata().get("token_endpoint_auth_methods_supported") or [BASIC]
        return POST if BASIC not in ways and POST in ways else BASIC

    def _fetch_userinfo(self, tokens: dict[str, Any], claims: dict[str, Any]) -> dict[str, Any]:
        """Ask for the email address and its claims. Ignore an answer about another subject (Core, section 5.3.2)."""
        if not tokens.get("access_token") or not self.discovery.metadata().get("userinfo_endpoint"):
            return {}
        headers = {"Accept": "application/json", "Authorization": f"Bearer {tokens['access_token']}"}
        userinfo = self.discovery.fetch_json(self.discovery.endpoint("userinfo_endpoint"), headers)
        if userinfo.get("sub") != claims["sub"]:
            return {}
        known = {name: userinfo[name] for name in ("email", "email_verified", "name") if userinfo.get(name) is not None}
        # `email_verified` is about the email address beside it.
        return {"email_verified": None} | known if "email" in known else known
