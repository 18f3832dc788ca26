"""Serve a team's Rivulet as the states of its pages need it: without accounts, with mail, single sign-on or a proxy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chat.people import invites, roles
from chat.providers.base import Model
from tests.browser.instances import add_unreachable, local, offer, offer_demo, offer_nothing, serving
from tests.browser.site import Site
from tests.marked import MAIL_SERVER
from tests.openid import serving as signing_on
from tests.serving import KEY
from tests.team import account

ADMIN, MEMBER = "ann@example.org", "finn@example.org"
LONG = "cecilia.von.hohenstein-langenfeld@a-rather-long-department.example.org"


@contextmanager
def unclaimed(folder: Path, **environ: str) -> Iterator[Site]:
    """Serve a team that has nobody yet."""
    with local(folder, ACCESS="team", SECRET_KEY=KEY, **environ) as site:
        yield site


@contextmanager
def team(folder: Path, **environ: str) -> Iterator[Site]:
    """Serve a team: an admin, a suspended member, one with a long name, another member, invites, a warning."""
    with unclaimed(folder, **environ) as site:
        account(site.database, ADMIN, "admin")
        roles.suspend(site.database, "command line", account(site.database, "bob@example.org"))
        account(site.database, LONG, name="Cecilia von Hohenstein-Langenfeld " * 2)
        account(site.database, MEMBER, name="Finn")
        for email in (None, f"a.{LONG}"):
            invites.create(site.database, "command line", "admin", email=email)
        site.app.extensions["rivulet"].warnings = [
            "On Heroku this disk is emptied at each restart or deploy. Set DATABASE_URL."
        ]
        yield site


@contextmanager
def with_single_sign_on(folder: Path) -> Iterator[Site]:
    with signing_on() as idp, team(folder, **idp.settings(OIDC_DOMAINS="example.org")) as site:
        yield site


without_models = serving(team, offer_nothing)
with_the_demo = serving(team, offer_demo)
with_an_unreachable_provider = serving(team, add_unreachable)
with_many_models = serving(
    team, offer(*(Model(f"river-{size}b-instruct", f"River {size}B", 1000 * size) for size in range(1, 41)))
)
with_mail = serving(
    team,
    TRUSTED_HOSTS="127.0.0.1",
    SMTP_URL=MAIL_SERVER,
    MAIL_FROM="rivulet@example.org",
    APP_URL="https://chat.example.org",
)
behind_a_proxy = serving(team, AUTH_HEADER="X-Forwarded-Email", TRUSTED_PROXIES="1")
with_a_dead_single_sign_on = serving(
    team, OIDC_ISSUER="http://127.0.0.1:9", OIDC_CLIENT_ID="rivulet", OIDC_NAME="Example"
)
