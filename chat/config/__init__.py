"""The settings of an instance, how each is read, and its keys."""

from .settings import SECRET, SETTINGS, Setting, Settings, WrongSetting, address_of, is_loopback, load, path_of, secrets

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
