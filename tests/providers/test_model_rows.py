"""Test servers' lists of models, and the error for a missing list."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat.providers.base import Model
from chat.providers.model_rows import chats, preference
from chat.providers.openai import OpenAICompatible
from tests.providers.server import Script, Server, whole

GOOD = whole("200 OK", json.dumps({"object": "list", "data": [{"id": "a"}]}))
NOT_FOUND = whole("404 Not Found", '{"detail": "Not Found"}')
PAGE = whole("200 OK", "<!DOCTYPE html><html></html>", "Content-Type: text/html")


def asked(server: Server, path: str = "/v1", **options: Any) -> OpenAICompatible:
    """Ask a server for its list."""
    provider = OpenAICompatible(server.url + path, **options)
    provider.refresh()
    return provider


def listed(answer: Any) -> list[Model]:
    with Server(whole("200 OK", json.dumps(answer))) as server:
        return asked(server).models()


@pytest.mark.parametrize("missing", [NOT_FOUND, PAGE, whole("405 Method Not Allowed", ""), whole("200 OK", "{}")])
def test_a_list_that_is_at_v1_is_found_and_its_address_told(missing: Script) -> None:
    with Server(missing, GOOD) as server:
        provider = asked(server, "")

        assert server.requests[1].startswith(b"GET /v1/models ")
        assert provider.better == f"{server.url}/v1"
        assert "No model list at this URL." in str(provider.problem()) and provider.better in str(provider.problem())


@pytest.mark.parametrize("path", ["", "/v1"])
def test_without_a_list_anywhere_the_address_is_doubted(path: str) -> None:
    with Server(NOT_FOUND) as server:
        assert asked(server, path).problem() == "No model list at this URL. Does it need /v1?"


def test_nothing_is_wrong_with_a_server_without_a_list_where_a_model_is_set() -> None:
    with Server(NOT_FOUND) as server:
        provider = asked(server, model="mine")

        assert (provider.models(), provider.problem()) == ([Model("mine", "mine")], None)


def test_a_key_that_is_refused_is_told_and_no_other_address_tried() -> None:
    with Server(whole("401 Unauthorized", "")) as server:
        assert "rejected the API key" in str(asked(server, "").problem())
        assert server.connections == 1


@pytest.mark.parametrize("answer", [{"data": []}, {"data": None}, {"object": "list", "data": []}, [], {"models": []}])
def test_an_empty_list_says_that_there_are_no_models_yet(answer: Any) -> None:
    with Server(whole("200 OK", json.dumps(answer))) as server:
        provider = asked(server)

        assert provider.models() == []
        assert provider.problem() == f"No models found at {server.host}. Load one there, then refresh the models."


@pytest.mark.parametrize(
    "answer",
    [
        {"data": [{"id": "a"}]},
        [{"id": "a"}],
        {"models": [{"name": "a"}]},
        {"models": [{"model": "a", "name": "a"}]},
        {"data": ["a"]},
        ["a"],
        {"data": [{"id": "a"}], "models": [{"name": "b"}]},
    ],
)
def test_rows_are_found_where_servers_put_them(answer: Any) -> None:
    assert [model.id for model in listed(answer)] == ["a"]


@pytest.mark.parametrize(
    ("id", "name"),
    [
        ("/models/qwen3-8b-q4.gguf", "qwen3-8b-q4.gguf"),
        ("./qwen3.gguf", "qwen3.gguf"),
        ("models/qwen3.gguf", "qwen3.gguf"),
        ("C:\\models\\qwen3.gguf", "qwen3.gguf"),
        ("/srv/models/Qwen2.5-7B/", "Qwen2.5-7B"),
        ("meta-llama/Llama-3.1-8B", "meta-llama/Llama-3.1-8B"),
        ("qwen3:8b", "qwen3:8b"),
        ("/", "/"),
    ],
)
def test_a_model_that_is_a_path_is_called_by_its_last_part(id: str, name: str) -> None:
    assert listed({"data": [{"id": id}]}) == [Model(id, name)]


@pytest.mark.parametrize(
    "name",
    [
        "embedded-c-helper",
        "gpt-4o",
        "rerankless-chat",
        "whisperer-7b",
        "realtimes",
        "qwen3-instruct",
        "ttsan",
        "davincible",
        "gpt-3.5-turbo",
        "imagent",
        "gpt-5",
        "gpt-5-mini",
        "codexample",
        "audiobook-writer",
        "research-helper",
    ],
)
def test_a_model_that_only_has_such_letters_in_its_name_chats(name: str) -> None:
    assert chats(name)


@pytest.mark.parametrize(
    "name",
    [
        "text-embedding-3-small",
        "nomic-embed-text:latest",
        "snowflake-arctic-embed2",
        "BAAI/bge-m3",
        "jina-reranker-v2",
        "whisper-1",
        "gpt-4o-mini-tts",
        "gpt-4o-transcribe",
        "gpt-4o-realtime-preview",
        "omni-moderation-latest",
        "dall-e-3",
        "gpt-image-1",
        "gpt-3.5-turbo-instruct",
        "davinci-002",
        "models/imagen-4.0-generate",
        "codex-mini-latest",
        "gpt-5.1-codex-max",
        "computer-use-preview",
        "o3-deep-research",
        "gpt-audio",
        "gpt-4o-mini-audio-preview",
        "gpt-5-search-api",
        "o1-pro",
        "gpt-5.2-pro",
    ],
)
def test_a_model_of_a_family_that_does_not_chat_is_told(name: str) -> None:
    assert not chats(name)


def test_models_that_do_not_chat_stand_apart() -> None:
    with Server(whole("200 OK", json.dumps({"data": [{"id": "whisper-1"}, {"id": "b"}, {"id": "tts-1"}]}))) as server:
        provider = asked(server)

        assert [model.id for model in provider.models()] == ["b"]
        assert [model.id for model in provider.others()] == ["tts-1", "whisper-1"]


def test_a_list_that_could_not_be_had_is_asked_for_once_more_on_demand() -> None:
    with Server(whole("503 Service Unavailable", ""), GOOD) as server:
        provider = asked(server)
        assert provider.models() == []

        provider.ask_again()
        provider.ask_again()

        assert [model.id for model in provider.models()] == ["a"]
        assert (server.connections, provider.problem()) == (2, None)


def test_an_address_with_a_version_of_the_api_is_asked_as_azure_wants_it() -> None:
    with Server(GOOD) as server:
        asked(server, "/openai/deployments/x?api-version=2024-10-21", api_key="a-long-key")

        assert server.requests[0].startswith(b"GET /openai/deployments/x/models?api-version=2024-10-21 ")
        assert server.head["api-key"] == "a-long-key" and "authorization" not in server.head


def test_usual_models_come_first_and_the_newest_of_a_family_before_older_ones() -> None:
    names = ["alpha", "gpt-4.1-mini", "gpt-4.1", "gpt-5", "gpt-5.1", "gpt-5.10", "gpt-5-2025-08-07", "claude-opus-4-1"]
    names += ["anthropic/claude-sonnet-4.5", "claude-sonnet-4-20250514", "google/gemini-2.5-pro", "gemini-1.5-flash"]

    assert sorted(names, key=preference) == [
        *("gpt-5.10", "gpt-5.1", "gpt-5", "gpt-4.1"),
        *("anthropic/claude-sonnet-4.5", "claude-sonnet-4-20250514", "google/gemini-2.5-pro", "gemini-1.5-flash"),
        *("alpha", "gpt-4.1-mini", "gpt-5-2025-08-07", "claude-opus-4-1"),
    ]
