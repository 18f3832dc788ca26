"""The settings page: everything that the environment sets, in groups, except secrets."""

from __future__ import annotations

from typing import NamedTuple

from flask import Blueprint, render_template

from chat.config import SECRET, SETTINGS, Setting
from chat.web.state import state

GROUPS = {
    "Access": "ACCESS ADMIN_EMAIL ADMIN_PASSWORD SESSION_IDLE_DAYS SESSION_DAYS",
    "Sign-in": "OIDC_ISSUER OIDC_CLIENT_ID OIDC_CLIENT_SECRET OIDC_NAME OIDC_TRUST_EMAIL OIDC_DOMAINS AUTH_HEADER"
    " AUTH_DOMAINS",
    "Email": "SMTP_URL MAIL_FROM",
    "Limits": "PROMPT_LIMIT MAX_CONCURRENT_ANSWERS MESSAGES_PER_MINUTE MAX_CONCURRENT_ANSWERS_PER_ADDRESS"
    " MESSAGES_PER_MINUTE_PER_ADDRESS",
    "Providers": "OPENAI_API_KEY OPENAI_BASE_URL OPENAI_MODEL AIVVM_URL AIVVM_API_KEY LOCAL_MODEL CONNECT_TIMEOUT"
    " FIRST_BYTE_TIMEOUT READ_TIMEOUT TOTAL_TIMEOUT CA_BUNDLE",
    "Server": "APP_URL HOST PORT SCRIPT_NAME TRUSTED_HOSTS TRUSTED_PROXIES WEB_CONCURRENCY DRAIN_SECONDS",
    "Data and logs": "DATABASE_URL INSTANCE SECRET_KEY SECRET_KEY_FALLBACKS LOG_FORMAT METRICS_TOKEN",
}
"""The page's headings, each with the settings below it."""

BY_NAME = {setting.name: setting for setting in SETTINGS}

bp = Blueprint("admin_settings", __name__, url_prefix="/admin/settings")


class Group(NamedTuple):
    """Settings with their values: the chosen ones, and the ones at their defaults."""

    name: str
    chosen: list[tuple[Setting, str]]
    defaults: list[tuple[Setting, str]]


@bp.get("")
def show() -> str:
    return render_template("admin/settings.html", groups=[group_of(name) for name in GROUPS])


def group_of(name: str) -> Group:
    group = Group(name, [], [])
    for setting in map(BY_NAME.__getitem__, GROUPS[name].split()):
        value = setting.value_in(state.settings)
        rows = group.defaults if value == setting.default else group.chosen
        rows.append((setting, display(setting, value)))
    return group


def display(setting: Setting, value: object) -> str:
    """Write a value for people; of a secret only whether it is set."""
    if setting.name in SECRET:
        return "set (hidden)" if value else "not set"
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    return text or "not set"
