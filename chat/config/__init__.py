"""What an instance is set to: the table of settings, how each is read, and the keys it is given."""

from .loader import load
from .settings import (
    SECRET,
    SETTINGS,
    Setting,
    Settings,
    WrongSetting,
    address_of,
    is_loopback,
    path_of,
    secrets,
)

__all__ = [
    "SECRET",
    "SETTINGS",
    "Setting",
    "Settings",
    "WrongSetting",
    "address_of",
    "is_loopback",
    "load",
    "path_of",
    "secrets",
]
