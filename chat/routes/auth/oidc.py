"""Single sign-on: there, back, and tied to an account.

What a browser takes along stands in a cookie of its own, signed, for ten minutes and one return: it binds the return to
the browser that left, and makes no row for a stranger. The page that leads away is a page and not a redirect: a browser
would hold a redirect after a form against the policy's `form-action`, wherever the provider may send it on to.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, Response, make_response, render_template, request
from itsdangerous import BadSignature

from chat.people import external_login, oidc
from chat.people.accounts import Refused
from chat.people.oidc import Flow, ProviderUnavailable, VerificationFailed
from chat.routes.auth import account, login
from chat.storage.database import NotFound
from chat.web import access, cookies, current_user, notices, secret_links, urls
from chat.web.state import state, state_of

if TYPE_CHECKING:
    from chat.people.oidc.client import Provider

LASTS = 600
"""How long somebody may be away, in seconds."""

FLOW_EXPIRED = "This sign-in was begun in another browser, or too long ago, or is over. Begin again."
STATUS = {VerificationFailed: 400, Refused: 403, ProviderUnavailable: 503}

bp = Blueprint("oidc", __name__)


def register(app: Flask) -> None:
    """Give an app the provider that its settings name. Raises WrongSetting."""
    state_of(app).oidc = oidc.create_provider(state_of(app).settings)


@bp.post("/sign-in/openid")
def begin() -> Response:
    """Lead somebody to where they show who they are. Raises NotFound where there is no provider."""
    place = access.local_path(request.form.get("next", "/"))
    try:
        return redirect_to_provider(place)
    except ProviderUnavailable as error:
        return Response(login.form(place, problem=str(error)), STATUS[ProviderUnavailable])


@bp.post("/account/openid")
def connect() -> Response:
    """Lead a member there to connect their account, who knows its password. Raises LoginRequired and NotFound."""
    account.require_member()
    provider()
    try:
        return redirect_to_provider("/account?done=connected", account.authenticate().id)
    except Refused as error:
        return login.refuse(account.page(account.explain_refusal(error)), error)
    except ProviderUnavailable as error:
        return Response(account.page(str(error)), STATUS[ProviderUnavailable])


@bp.post("/account/openid/end")
def disconnect() -> Response:
    """Part a member's account from single sign-on. Raises LoginRequired."""
    external_login.unlink(state.database, account.require_member().id)
    return notices.lead_to("/account", "disconnected")


def redirect_to_provider(place: str, person_id: int | None = None) -> Response:
    """Answer with the page that leads there. Raises ProviderUnavailable and NotFound."""
    flow = Flow(secret_links.absolute_url("/sign-in/openid/callback"))  # which the provider has to know beforehand
    told = {"address": provider().authorization_url(flow), "name": state.settings.oidc_name}
    response = make_response(render_template("accounts/leaving.html", **told))
    said = state.signer("openid").dumps({"flow": asdict(flow), "place": place, "person": person_id})
    cookies.set_cookie(response, cookies.OPENID, said, LASTS)
    return response


@bp.get("/sign-in/openid/callback")
def finish() -> Response:
    """Let in who comes back, or say why not. Raises NotFound where there is no provider."""
    provider()
    response = complete(load_flow())
    cookies.delete_cookie(response, cookies.OPENID)
    return response


def complete(taken: dict[str, Any]) -> Response:
    """Answer who comes back with what they had taken along."""
    place, person_id = taken.get("place", "/"), taken.get("person")
    try:
        if not taken:
            raise VerificationFailed(FLOW_EXPIRED)
        who = provider().fetch_identity(Flow(**taken["flow"]), request.args)
        if person_id:
            connect_account(person_id, who)
        else:
            login_as_identity(who)
    except (VerificationFailed, ProviderUnavailable, Refused) as error:
        return Response(page(place, person_id, str(error)), STATUS.get(type(error), 403))
    return urls.lead_to(place)


def login_as_identity(who: oidc.Identity) -> None:
    """Sign somebody in, under another session id. Raises Refused."""
    domains, name = state.settings.oidc_domains, state.settings.oidc_name
    current_user.login_as(external_login.login_by_oidc(state.database, who, domains, name), by=f"by {name}")


def connect_account(person_id: int, who: oidc.Identity) -> None:
    """Tie an account, for the member who left for that. Raises Refused and VerificationFailed."""
    if not current_user.member() or account.require_member().id != person_id:
        raise VerificationFailed(FLOW_EXPIRED)
    external_login.link(state.database, person_id, who)


def page(place: str, person_id: int | None, problem: str) -> str:
    """Make the page that somebody left from, and say why they come back as they went."""
    if person_id and current_user.member():
        return account.page(problem)
    return login.form(place, problem=problem)


def load_flow() -> dict[str, Any]:
    """Read what this browser took along; nothing where that is none of ours, or too old."""
    try:
        return state.signer("openid").loads(cookies.read(cookies.OPENID), max_age=LASTS)
    except BadSignature:
        return {}


def provider() -> Provider:
    """Give the provider. Raises NotFound where there is none."""
    found = state.oidc
    if found is None:
        raise NotFound
    return found
