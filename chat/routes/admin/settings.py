"""The settings page: everything that the environment sets, except secrets."""

from __future__ import annotations

from flask import Blueprint, render_template

from chat.config import SECRET, SETTINGS, Setting
from chat.web.state import state

bp = Blueprint("admin_settings", __name__, url_prefix="/admin/settings")


@bp.get("")
def show() -> str:
    """Show each setting with its value and meaning."""
    values = state.settings
    pairs = [(setting, setting.value_in(values)) for setting in SETTINGS]
    shown = [(setting, display(setting, value), bool(value == setting.default)) for setting, value in pairs]
    return render_template("admin/settings.html", settings=shown)


def display(setting: Setting, value: object) -> str:
    """Write a value for people; of a secret only whether it is set."""
    if setting.name in SECRET:
        return "set (hidden)" if value else "not set"
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    return text or "not set"
