"""The settings of this instance, which the environment makes; none that is a secret is shown."""

from __future__ import annotations

from flask import Blueprint, render_template

from chat.config import SECRET, SETTINGS, Setting, Settings
from chat.web.state import state

bp = Blueprint("admin_settings", __name__, url_prefix="/admin/settings")


@bp.get("")
def show() -> str:
    """Show every setting, what it is set to, and what it means."""
    values = state.settings
    told = [(setting, display(setting, setting.value_in(values)), is_default(setting, values)) for setting in SETTINGS]
    return render_template("admin/settings.html", told=told)


def is_default(setting: Setting, values: Settings) -> bool:
    """Tell whether a setting is as it comes."""
    return bool(setting.value_in(values) == setting.default)


def display(setting: Setting, value: object) -> str:
    """Write a value for people: of a secret only whether there is one."""
    if setting.name in SECRET:
        return "set, and not shown" if value else "not set"
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    return text or "not set"
