"""Run a real OpenID provider on loopback, built on Authlib's server side, which misbehaves as a test scripts it."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from types import SimpleNamespace
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, InvalidClientError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, Response, abort, redirect, request
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.providers.tls import secured
from tests.scripted import PATIENCE

CLIENT_ID, SECRET = "rivulet", "a-secret-of-the-client"
CODE, TOKEN, KEYS = "/authorize", "/token", "/keys"
ABOUT, PERSON = "/.well-known/openid-configuration", "/userinfo"


class Client(ClientMixin):
    """The app as the provider's client."""

    def get_client_id(self) -> str:
        return CLIENT_ID

    def get_default_redirect_uri(self) -> None:
        return None

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri.endswith("/sign-in/openid/callback")

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in {"client_secret_basic", "client_secret_post"}

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


class Code(SimpleNamespace):
    """An issued authorization code."""

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(time.time())

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


class Grant(AuthorizationCodeGrant):
    """The authorization code flow; its codes stay in memory and work for one exchange."""

    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]

    def save_authorization_code(self, code: str, request: Any) -> None:
        told = request.payload.data
        self.server.codes[code] = Code(
            redirect_uri=request.payload.redirect_uri,
            scope=request.scope,
            nonce=told.get("nonce"),
            code_challenge=told.get("code_challenge"),
            code_challenge_method=told.get("code_challenge_method"),
        )

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        return self.server.codes.pop(code, None)

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """Do nothing: the code is gone already."""

    def authenticate_user(self, authorization_code: Code) -> dict[str, Any]:
        return self.server.idp.person


class Quiet(WSGIRequestHandler):
    """A request handler without an access log."""

    def log_request(self, *_: Any) -> None:
        """Log nothing."""


class Idp:
    """The provider: `person` is the user who signs in there; the other attributes script its faults.

    `untrue` overrides claims of the ID token (None removes one), `sign` replaces its signing, and `broken` replaces a
    path's answer. `asked` lists the requests. `thin` leaves the e-mail out of the ID token.
    """

    def __init__(self, tls: bool = False) -> None:
        self.reset()
        app = self._app()
        app.wsgi_app = as_if_by_https(app.wsgi_app)  # type: ignore[method-assign]
        self.server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
        if tls:
            self.server.socket = secured(self.server.socket)
        self.issuer = f"{'https' if tls else 'http'}://127.0.0.1:{self.server.server_port}"

    def reset(self) -> None:
        """Remove all faults."""
        self.key = key("first")
        self.person: dict[str, Any] = {"sub": "7", "email": "ann@example.org", "email_verified": True, "name": "Ann"}
        self.untrue: dict[str, Any] = {}
        self.sign: Callable[[dict[str, Any]], str] | None = None
        self.broken: dict[str, Callable[[], Any]] = {}
        self.asked: list[tuple[str, str]] = []
        self.denies = self.thin = False

    def settings(self, **more: str) -> dict[str, str]:
        """Return the settings of an app that uses it."""
        known = {"OIDC_ISSUER": self.issuer, "OIDC_CLIENT_ID": CLIENT_ID, "OIDC_CLIENT_SECRET": SECRET}
        return known | {"OIDC_NAME": "Example"} | more

    def _app(self) -> Flask:
        app = Flask("idp", static_folder=None)
        server = AuthorizationServer(app, query_client=lambda _: Client(), save_token=lambda *_: None)
        server.codes, server.idp = {}, self
        server.register_grant(Grant, [CodeChallenge(required=True), Token(self)])
        app.before_request(self._break)
        app.add_url_rule(ABOUT, "about", view_func=self._about)
        app.add_url_rule(KEYS, "keys", view_func=self._keys)
        app.add_url_rule(CODE, "code", view_func=lambda: self._authorize(server))
        app.add_url_rule(TOKEN, "token", view_func=server.create_token_response, methods=["POST"])
        app.add_url_rule(PERSON, "person", view_func=lambda: self.person)
        return app

    def _break(self) -> Any:
        self.asked.append((request.path, request.headers.get("Authorization", "")))
        return self.broken[request.path]() if request.path in self.broken else None

    def _about(self) -> dict[str, Any]:
        addresses = {"authorization_endpoint": CODE, "token_endpoint": TOKEN, "jwks_uri": KEYS}
        told = {name: f"{self.issuer}{path}" for name, path in (addresses | {"userinfo_endpoint": PERSON}).items()}
        return {"issuer": self.issuer, "response_types_supported": ["code"], **told}

    def _keys(self) -> dict[str, Any]:
        return dict(KeySet([self.key]).as_dict())

    def _authorize(self, server: AuthorizationServer) -> Response:
        """Accept the user without asking, or refuse."""
        if request.args.get("client_id") != CLIENT_ID:
            raise InvalidClientError
        grant = server.get_consent_grant(end_user=self.person)
        return server.create_authorization_response(grant_user=None if self.denies else self.person, grant=grant)

    def signed(self, claims: dict[str, Any]) -> str:
        """Sign the claims of an ID token, with the untrue ones."""
        claims = {name: value for name, value in (claims | self.untrue).items() if value is not None}
        if self.sign:
            return self.sign(claims)
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key, algorithms=["RS256"])

    def unsigned(self, claims: dict[str, Any]) -> str:
        """Declare the token unsigned."""
        return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims)}."

    def signed_by_what_all_know(self, claims: dict[str, Any]) -> str:
        """Sign with the public key, as if it were a secret."""
        return by_secret(self.key.as_pem(private=False), {"alg": "HS256", "kid": self.key.kid}, claims)

    def signed_by_the_secret(self, claims: dict[str, Any]) -> str:
        """Sign with the client's secret, as some providers do."""
        return by_secret(SECRET.encode(), {"alg": "HS256"}, claims)

    def signed_by_another(self, claims: dict[str, Any]) -> str:
        """Sign with another key under the real key's id."""
        other = key("another")
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, other, algorithms=["RS256"])


class Token(OpenIDCode):
    """Creates ID tokens as the provider's script says."""

    def __init__(self, idp: Idp):
        super().__init__(require_nonce=True)
        self.idp = idp

    def exists_nonce(self, nonce: str, request: Any) -> bool:
        return False

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        return {"iss": self.idp.issuer}

    def generate_user_info(self, user: dict[str, Any], scope: str) -> dict[str, Any]:
        return {"sub": user["sub"]} if self.idp.thin else dict(user)

    def encode_id_token(self, token: dict[str, Any], request: Any) -> str:
        claims = self.get_compatible_claims(request) | self.get_authorization_code_claims(request.authorization_code)
        return self.idp.signed(claims | self.generate_user_info(request.user, token["scope"]))


@cache
def key(name: str) -> RSAKey:
    """Create a key, once for all tests."""
    return RSAKey.generate_key(2048, {"kid": name}, auto_kid=False)


def part(told: dict[str, Any]) -> str:
    """Encode a part of a token."""
    return base64url(json.dumps(told).encode())


def by_secret(secret: bytes, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """Create a token with HMAC, by hand: no library does so with a public key."""
    said = f"{part(header)}.{part(claims)}"
    return f"{said}.{base64url(hmac.digest(secret, said.encode(), 'sha256'))}"


def base64url(data: bytes) -> str:
    """Encode bytes in a token's base64url."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def as_if_by_https(app: Any) -> Any:
    """Serve over plain http, which Authlib would refuse."""
    return lambda environ, start: app(environ | {"wsgi.url_scheme": "https"}, start)


def fails() -> None:
    abort(500)


def shows_a_page() -> str:
    return "<!doctype html><title>Sign in</title>"


def leads_on() -> Any:
    """Redirect to another machine."""
    return redirect("http://localhost:9/elsewhere", code=307)


@contextmanager
def serving(tls: bool = False) -> Iterator[Idp]:
    """Serve a provider while a block runs."""
    idp = Idp(tls)
    thread = threading.Thread(target=idp.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield idp
    finally:
        idp.server.shutdown()
        idp.server.server_close()
        thread.join(PATIENCE)
