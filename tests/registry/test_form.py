"""Test an admin's input for a provider, and the input that is refused."""

from __future__ import annotations

import pytest

from chat.registry.encryption import SecretBox
from chat.registry.form import InvalidProvider, ProviderForm, check_name_is_free, read_form
from chat.registry.records import encrypt_key

GOOD = {"name": "acme", "kind": "openai", "url": "https://models.acme.test/v1", "key": "sk-abcdefgh12345678"}


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://models.acme.test/v1", "https://models.acme.test/v1"),
        (" http://127.0.0.1:11434/v1/ ", "http://127.0.0.1:11434/v1"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://my_ollama:11434/v1", "http://my_ollama:11434/v1"),
    ],
)
def test_an_address_is_kept_without_its_last_slash(url: str, kept: str) -> None:
    assert read_form(GOOD | {"url": url}).url == kept


@pytest.mark.parametrize(
    "url",
    [
        "",
        "models.acme.test",
        "//models.acme.test/v1",
        "ftp://models.acme.test",
        "file:///etc/passwd",
        "gopher://models.acme.test",
        "javascript:alert(1)",
        "https://",
        "https:///v1",
        "https://user@models.acme.test",
        "https://user:password@models.acme.test/v1",
        "https://models.acme.test@evil.test",
        "https://models.acme.test\\@evil.test",
        "https://models.acme.test/v1?key=abc",
        "https://models.acme.test/v1#part",
        "https://models.acme.test:0/v1",
        "https://models.acme.test:99999/v1",
        "https://models.acme.test:x/v1",
        "https://[::1/v1",
        "https://models.acme.test/a b",
        "https://models.acme.test/\nHost: evil.test",
        "https://models.acme.test/\0",
        "https://mödels.test/v1",
        "https://" + "a" * 300 + ".test",
        "HTTPS://models.acme.test",
    ],
)
def test_an_address_that_could_be_read_in_two_ways_or_holds_a_secret_is_refused(url: str) -> None:
    """Hold OW 26-45400: two parsers can take different parts of an address for its host."""
    with pytest.raises(InvalidProvider, match="URL isn't valid"):
        read_form(GOOD | {"url": url})


@pytest.mark.parametrize("name", ["", " ", ".", "..", "-a", "a/b", "<b>", "é", "a" * 33, "a%2fb", "a\0"])
def test_a_name_that_does_not_fit_an_address_is_refused(name: str) -> None:
    with pytest.raises(InvalidProvider, match="Enter a name of"):
        read_form(GOOD | {"name": name})


@pytest.mark.parametrize(
    ("name", "kept"), [("River Labs", "River Labs"), (" a \n b ", "a b"), ("llama.cpp", "llama.cpp")]
)
def test_a_name_can_have_spaces_one_at_a_time(name: str, kept: str) -> None:
    assert read_form(GOOD | {"name": name}).name == kept


def test_openai_can_be_called_by_its_name_where_the_environment_sets_up_none() -> None:
    check_name_is_free("OpenAI", {"local", "acme"})


@pytest.mark.parametrize(
    ("name", "taken"), [("openai", set()), ("local", set()), ("OpenAI", {"openai"}), ("Acme", {"acme"})]
)
def test_a_name_that_is_taken_is_refused_in_any_case(name: str, taken: set[str]) -> None:
    with pytest.raises(InvalidProvider, match="Choose another name"):
        check_name_is_free(name, taken)


@pytest.mark.parametrize("kind", ["", "local", "environment", "OpenAI", "os"])
def test_a_protocol_that_is_not_on_offer_is_refused(kind: str) -> None:
    with pytest.raises(InvalidProvider, match="API type"):
        read_form(GOOD | {"kind": kind})


@pytest.mark.parametrize("key", ["two words", "a\r\nX-Other: b", "é", "a\0b", "k" * 513, "a\u2028b"])
def test_a_key_that_is_no_word_is_refused_and_not_quoted(key: str) -> None:
    with pytest.raises(InvalidProvider, match="API key isn't valid") as refused:
        read_form(GOOD | {"key": key})

    assert key not in str(refused.value)


def test_a_key_is_in_no_representation_of_what_was_entered() -> None:
    assert "abcdefgh" not in repr(read_form(GOOD))


@pytest.mark.parametrize(("key", "end"), [("", ""), ("k" * 11, ""), ("sk-abcdef123", "f123"), (GOOD["key"], "5678")])
def test_of_a_short_key_nothing_is_shown_and_of_a_long_one_its_end(key: str, end: str) -> None:
    assert encrypt_key(SecretBox(["a secret"]), ProviderForm("acme", "openai", GOOD["url"], key))["key_end"] == end
