"""Test what the services in docs/in-front.md say about a user, and whether the settings there let that user in.

The names and forms of the claims come from each service's documentation; the user is invented.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.openid import PERSON as USERINFO
from tests.openid import Idp
from tests.routes.auth.oidc.way import HOME, person, through
from tests.team import team

EMAIL = {"email": "ann@example.org"}


@dataclass(frozen=True)
class Service:
    """A service's claims in the ID token and at its userinfo address, and the settings that it needs."""

    token: dict[str, Any]
    userinfo: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)


ENTRA = {"oid": "0a1b", "tid": "2c3d", "ver": "2.0", "uti": "x", "rh": "0.A", "preferred_username": "ann@example.org"}
TRUSTED = {"OIDC_TRUST_EMAIL": "on"}
COGNITO = {"sub": "5e6f", "cognito:username": "ann", "token_use": "id", "cognito:groups": ["team"], **EMAIL}
KEYCLOAK = {"sub": "7a8b", "typ": "ID", "sid": "s", "acr": "1", "preferred_username": "ann", "name": "Ann Lee", **EMAIL}
AUTHENTIK = {"sub": "9c" * 32, "amr": ["pwd"], "acr": "goauthentik.io/providers/oauth2/default", "uid": "u", **EMAIL}

IN = {
    "Entra": Service({"sub": "AAAAx", "name": "Ann Lee", **ENTRA, **EMAIL}, settings=TRUSTED),
    "Entra, of somebody without a mailbox": Service({"sub": "AAAAx", "name": "Ann Lee", **ENTRA}, settings=TRUSTED),
    "Google": Service({"sub": "1042", "email_verified": True, "hd": "example.org", "picture": "https://x", **EMAIL}),
    "Cognito": Service({"email_verified": True, **COGNITO}),
    "Cognito, thin": Service({"sub": "5e6f"}, {"email_verified": "true", **COGNITO}),
    "Keycloak": Service({"email_verified": True, **KEYCLOAK}),
    "Keycloak, lightweight": Service({"sub": "7a8b", "typ": "ID"}, {"email_verified": True, **KEYCLOAK}),
    "Authentik, with a mapping": Service({"email_verified": True, "name": None, **AUTHENTIK}),
}

OUT = {
    "Entra without trust": Service({"sub": "AAAAx", **ENTRA, **EMAIL}),
    "Google, of another domain": Service({"sub": "1043", "email": "eve@evil.example", "email_verified": True}),
    "Cognito, unverified": Service({"email_verified": "false", **COGNITO}),
    "Keycloak, unverified": Service({"email_verified": False, **KEYCLOAK}),
    "Authentik since 2025.10": Service({"email_verified": False, **AUTHENTIK}),
}


@pytest.mark.parametrize("service", [pytest.param(service, id=name) for name, service in IN.items()])
def test_whom_a_service_names_becomes_a_member(tmp_path: Path, idp: Idp, service: Service) -> None:
    assert status_of(tmp_path, idp, service) == (303, True)


@pytest.mark.parametrize("service", [pytest.param(service, id=name) for name, service in OUT.items()])
def test_whom_a_service_does_not_vouch_for_is_kept_out(tmp_path: Path, idp: Idp, service: Service) -> None:
    assert status_of(tmp_path, idp, service) == (403, False)


def status_of(folder: Path, idp: Idp, service: Service) -> tuple[int, bool]:
    """Sign in with a service at a new instance; return the status, and whether an account exists."""
    app = team(folder, **idp.settings(**HOME, **service.settings))
    idp.person = service.token
    idp.broken[USERINFO] = lambda: service.userinfo or service.token

    answer = through(app.test_client())

    known = bool(person(app))
    app.extensions["rivulet"].database.dispose()
    return answer.status_code, known
