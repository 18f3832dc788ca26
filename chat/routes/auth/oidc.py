"""Single sign-on: lead a browser to the provider, verify its return, and sign in or link an account.

A signed cookie carries the values of one sign-in, for ten minutes and one return. It binds the return to the browser
that left, and a stranger's attempt stores no row. A page leads to the provider, not a redirect: browsers check a
redirect after a form against `form-action`, and the provider can redirect to hosts that we don't know.
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

LIFETIME = 600
"""How long a browser can be away, in seconds."""

FLOW_EXPIRED = "This sign-in has expired. Start again."
STATUS = {VerificationFailed: 400, Refused: 403, ProviderUnavailable: 503}

bp = Blueprint("oidc", __name__)


def register(app: Flask) -> None:
    """Create the provider of the settings. Raises WrongSetting."""
    state_of(app).oidc = oidc.create_provider(state_of(app).settings)


@bp.post("/sign-in/openid")
def begin() -> Response:
    """Lead a visitor to the provider. Raises NotFound if none is set up."""
    place = access.local_path(request.form.get("next", "/"))
    try:
        return redirect_to_provider(place)
    except ProviderUnavailable as error:
        return Response(login.form(place, problem=str(error)), STATUS[ProviderUnavailable])


@bp.post("/account/openid")
def connect() -> Response:
    """Lead a member to the provider after a password check, to link them. Raises LoginRequired and NotFound."""
    account.require_member()
    provider()
    try:
        return redirect_to_provider("/account?done=connected", account.authenticate().id)
    except Refused as error:
        return login.refuse(account.page(account.explain_refusal(error), wrong_field="connect"), error)
    except ProviderUnavailable as error:
        return Response(account.page(str(error)), STATUS[ProviderUnavailable])


@bp.post("/account/openid/end")
def disconnect() -> Response:
    """Unlink a member's account. Raises LoginRequired."""
    external_login.unlink(state.database, account.require_member().id)
    return notices.lead_to("/account", "disconnected")


def redirect_to_provider(place: str, person_id: int | None = None) -> Response:
    """Answer with the page that leads to the provider. Raises ProviderUnavailable and NotFound."""
    flow = Flow(secret_links.absolute_url("/sign-in/openid/callback"))  # registered at the provider
    context = {"address": provider().authorization_url(flow), "name": state.settings.oidc_name}
    response = make_response(render_template("accounts/to_provider.html", **context))
    signed = state.signer("openid").dumps({"flow": asdict(flow), "place": place, "person": person_id})
    cookies.set_cookie(response, cookies.OPENID, signed, LIFETIME)
    return response


@bp.get("/sign-in/openid/callback")
def finish() -> Response:
    """Answer a return from the provider. Raises NotFound if none is set up."""
    provider()
    response = complete(load_flow())
    cookies.delete_cookie(response, cookies.OPENID)
    return response


def complete(carried: dict[str, Any]) -> Response:
    """Sign in or link the identity of a return, with the values of the cookie."""
    place, person_id = carried.get("place", "/"), carried.get("person")
    try:
        if not carried:
            raise VerificationFailed(FLOW_EXPIRED)
        who = provider().fetch_identity(Flow(**carried["flow"]), request.args)
        if person_id:
            connect_account(person_id, who)
        else:
            name = state.settings.oidc_name
            account_id = external_login.login_by_oidc(state.database, who, state.settings.oidc_domains, name)
            current_user.login_as(account_id, by=f"with {name}")
    except (VerificationFailed, ProviderUnavailable, Refused) as error:
        return Response(page(place, person_id, str(error)), STATUS.get(type(error), 403))
    return urls.lead_to(place)


def connect_account(person_id: int, who: oidc.Identity) -> None:
    """Link the account of the member who left for that. Raises Refused and VerificationFailed."""
    if not current_user.member() or account.require_member().id != person_id:
        raise VerificationFailed(FLOW_EXPIRED)
    external_login.link(state.database, person_id, who)


def page(place: str, person_id: int | None, problem: str) -> str:
    """Render the page that the visitor left, with the problem."""
    if person_id and current_user.member():
        return account.page(problem)
    return login.form(place, problem=problem)


def load_flow() -> dict[str, Any]:
    """Read the cookie's values; empty if it is missing, forged or too old."""
    try:
        return state.signer("openid").loads(cookies.read(cookies.OPENID), max_age=LIFETIME)
    except BadSignature:
        return {}


def provider() -> Provider:
    """Return the provider. Raises NotFound if none is set up."""
    found = state.oidc
    if found is None:
        raise NotFound
    return found
