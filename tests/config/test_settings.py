"""Test settings: read from an environment, refused with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from chat import config
from chat.config import Settings, WrongSetting


def test_an_empty_environment_gives_every_default() -> None:
    settings = config.load({})

    assert settings == Settings(access="local")


def test_a_variable_that_is_set_to_nothing_counts_as_not_set() -> None:
    settings = config.load({"PORT": "  ", "OPENAI_API_KEY": ""})

    assert settings.port == 8000
    assert settings.openai_api_key == ""


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("PORT", "0", 0),
        ("PORT", " 8001 ", 8001),
        ("WEB_CONCURRENCY", "3", 3),
        ("FIRST_BYTE_TIMEOUT", "0.5", 0.5),
        ("AIVVM_URL", "https://chat.example.org/", "https://chat.example.org"),
        ("TRUSTED_HOSTS", "a.example, b.example,", ("a.example", "b.example")),
        ("LOCAL_MODEL", "OFF", "off"),
        ("ACCESS", "open", "open"),
        ("INSTANCE", "/srv/rivulet", Path("/srv/rivulet")),
    ],
)
def test_a_setting_is_read_from_its_text(name: str, text: str, value: object) -> None:
    assert getattr(config.load({name: text}), name.lower()) == value


def test_a_relative_folder_is_one_of_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert config.load({"INSTANCE": "data"}).instance == tmp_path / "data"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "http"),
        ("WEB_CONCURRENCY", "0"),
        ("WEB_CONCURRENCY", "2.5"),
        ("APP_URL", "https://"),
        ("MAIL_FROM", "Rivulet"),
        ("MAIL_FROM", "@example.org"),
        ("MAIL_FROM", "Rivulet <>"),
        ("APP_URL", "https://[half"),
        ("READ_TIMEOUT", "0"),
        ("READ_TIMEOUT", "nan"),
        ("READ_TIMEOUT", "inf"),
        ("OPENAI_BASE_URL", "api.example.org/v1"),
        ("OPENAI_BASE_URL", "https://api.example.org/ v1"),
        ("ACCESS", "everyone"),
        ("LOCAL_MODEL", "yes"),
    ],
)
def test_a_wrong_setting_is_named_with_what_it_means(name: str, text: str) -> None:
    meaning = next(setting.meaning for setting in config.SETTINGS if setting.name == name)

    with pytest.raises(WrongSetting) as refused:
        config.load({name: text})

    assert name in str(refused.value)
    assert str(refused.value).endswith(meaning)


@pytest.mark.parametrize(
    ("host", "access"),
    [
        ("127.0.0.1", "local"),
        ("127.8.8.8", "local"),
        ("localhost", "local"),
        ("::1", "local"),
        ("[::1]", "local"),
        ("0.0.0.0", "team"),
        ("::", "team"),
        ("192.168.1.5", "team"),
        ("chat.example.org", "team"),
        ("localhost.example.org", "team"),
    ],
)
def test_beyond_loopback_an_instance_is_a_teams_until_it_is_opened(host: str, access: str) -> None:
    assert config.load({"HOST": host}).access == access
    assert config.load({"HOST": host, "ACCESS": "open"}).access == "open"
