"""Settings are loaded from the environment of the process; bin/read_dotenv.py has put `.env` there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chat.config.parsers import Unusable
from chat.config.settings import SETTINGS, Setting, Settings, WrongSetting, is_loopback


def load(environ: Mapping[str, str]) -> Settings:
    """Read all settings from an environment; an empty variable counts as not set. Raises WrongSetting."""
    values = {setting.name.lower(): value_of(setting, environ) for setting in SETTINGS}
    values["access"] = values["access"] or ("local" if is_loopback(values["host"]) else "team")
    if values["smtp_url"] and not (values["app_url"] and values["mail_from"]):
        raise WrongSetting(
            "SMTP_URL needs APP_URL and MAIL_FROM beside it: a mail has a sender, and links lead to you."
        )
    return Settings(**values)


def value_of(setting: Setting, environ: Mapping[str, str]) -> Any:
    """Read one setting from an environment. Raises WrongSetting."""
    texts = {name: environ.get(name, "").strip() for name in (setting.name, *setting.others)}
    name = next((name for name, text in texts.items() if text), "")
    if not name:
        return setting.default
    try:
        return setting.read(texts[name])
    except ValueError as error:
        # Not what it is set to: a key may have ended up in the wrong setting.
        why = f": {error}" if isinstance(error, Unusable) else ""
        raise WrongSetting(f"{name} can't be used as it is set{why}. {setting.meaning}") from error
