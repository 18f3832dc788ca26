"""Test API keys and URLs as users paste them, in settings and forms alike."""

from __future__ import annotations

import pytest

from chat import config
from chat.config import WrongSetting
from chat.config.credentials import key, server
from chat.registry.form import InvalidProvider, good_key, good_url

KEY = "sk-proj-abcdefgh12345678"


@pytest.mark.parametrize(
    "pasted",
    [
        KEY,
        f" {KEY}\n",
        f'"{KEY}"',
        f"'{KEY}'",
        f"“{KEY}”",
        f"`{KEY}`",
        f"\u200b{KEY}",
        f"{KEY[:9]}\u200b{KEY[9:]}\ufeff",
        f"Bearer {KEY}",
        f"'\u200bBearer {KEY}' ",
    ],
)
def test_a_key_is_read_without_what_came_along(pasted: str) -> None:
    assert key(pasted) == KEY
    assert config.load({"OPENAI_API_KEY": pasted}).openai_api_key == KEY
    assert good_key(pasted) == KEY


@pytest.mark.parametrize(
    ("odd", "says"),
    [
        ("sk-\u0430bcdefgh12345678", "character 4 is cyrillic small letter a"),
        ("sk\u2013abcdefgh12345678", "character 3 is en dash"),
        ("sk\u2011abcdefgh12345678", "character 3 is non-breaking hyphen"),
        ("sk abcdefgh12345678", "without spaces"),
        ("k" * 513, "without spaces"),
    ],
)
@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "AIVVM_API_KEY"])
def test_a_key_that_can_not_be_one_is_refused_by_name_and_not_quoted(name: str, odd: str, says: str) -> None:
    with pytest.raises(WrongSetting) as setting:
        config.load({name: odd})
    with pytest.raises(InvalidProvider) as form:
        good_key(odd)

    assert name in str(setting.value)
    for sentence in (str(setting.value), str(form.value)):
        assert says in sentence.lower() and "abcdefgh" not in sentence and "kkk" not in sentence


@pytest.mark.parametrize(
    ("pasted", "url"),
    [
        ("https://models.test/v1", "https://models.test/v1"),
        ('"https://models.test/v1/"', "https://models.test/v1"),
        ("\u200bhttps://models.test/v1\u200b", "https://models.test/v1"),
        ("https://models.test/v1/chat/completions", "https://models.test/v1"),
        ("https://models.test/v1/chat/completions/", "https://models.test/v1"),
        ("https://models.test/v1/models", "https://models.test/v1"),
        ("https://models.test/chat/completions", "https://models.test"),
        ("https://models.test/models", "https://models.test/models"),
        (
            "https://x.openai.azure.com/openai/deployments/gpt/chat/completions?api-version=2024-10-21",
            "https://x.openai.azure.com/openai/deployments/gpt?api-version=2024-10-21",
        ),
        ("https://models.test/v1?", "https://models.test/v1"),
        ("http://127.0.0.1:3000/api/chat", "http://127.0.0.1:3000"),
    ],
)
def test_an_address_is_read_without_what_belongs_to_one_request(pasted: str, url: str) -> None:
    assert server(pasted) == url
    assert config.load({"OPENAI_BASE_URL": pasted}).openai_base_url == url
    assert good_url(pasted) == url


@pytest.mark.parametrize(
    "odd",
    [
        "models.test/v1",
        "https://models.test/v1?key=abcdefgh",
        "https://models.test/v1?api-version=1&key=abcdefgh",
        "https://models.test/v1#abcdefgh",
        "https://m\u043edels.test/v1",
        "https\uff1a//models.test/v1",
        "https://models.test:0/v1",
        "https://models.test:99999/v1",
        "https://mod els.test/v1",
    ],
)
@pytest.mark.parametrize("name", ["OPENAI_BASE_URL", "AIVVM_URL"])
def test_an_address_that_can_not_be_used_is_refused_by_name_and_not_quoted(name: str, odd: str) -> None:
    with pytest.raises(WrongSetting) as setting:
        config.load({name: odd})
    with pytest.raises(InvalidProvider, match="URL isn't valid") as form:
        good_url(odd)

    assert name in str(setting.value) and "abcdefgh" not in str(setting.value) + str(form.value)
