"""Test the Aivvm provider against a scripted server of the chatbot-ui protocol."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from chat import config
from chat.providers.aivvm import DEFAULT_PROMPT, MODELS, Aivvm
from chat.providers.answer import CreateResult
from chat.providers.base import AbstractProvider, Timeouts
from chat.providers.errors import (
    BadKey,
    ContextTooLong,
    Interrupted,
    ModelNotFound,
    ProviderError,
    RateLimited,
    Refused,
    Unavailable,
)
from tests.providers.server import END, SILENCE, Server, chunk, head, plain, whole

QUICK = Timeouts(connect=2, first_byte=0.4, read=0.3, total=10)
QUESTION = [{"role": "user", "content": "hi"}]
ROOT = Path(__file__).parents[2]


def aivvm(server: Server, key: str | None = None) -> Aivvm:
    return Aivvm(server.url, key, QUICK)


def ask(server: Server, messages=QUESTION, model="gpt-3.5-turbo", stream=True, **options) -> CreateResult:
    return aivvm(server).create_completion(model, messages, stream, **options)


@pytest.fixture
def quick_pauses(monkeypatch):
    monkeypatch.setattr("chat.providers.http.client.PAUSES", (0.0, 0.0))


def heard(result: CreateResult) -> tuple[list[str], Exception | None]:
    said = []
    try:
        for piece in result:
            said.append(piece)
    except ProviderError as error:
        return said, error
    return said, None


# The original contract (seed.md)


def test_the_class_can_be_read_without_an_instance():
    assert issubclass(Aivvm, AbstractProvider)
    assert Aivvm.url == "https://chat.aivvm.com"
    assert (Aivvm.supports_stream, Aivvm.supports_gpt_35_turbo, Aivvm.supports_gpt_4) == (True, True, True)
    assert Aivvm.working is False


def test_it_works_where_another_server_is_named():
    assert Aivvm().working is False
    assert Aivvm("http://127.0.0.1:1/").working is True
    assert Aivvm("http://127.0.0.1:1/").url == "http://127.0.0.1:1"


EXAMPLES = re.findall(r"```python\n(.*?)```", Path(__file__).with_name("seed.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_of_the_seed_run_as_they_stand(example):
    assert len(EXAMPLES) == 2
    with Server(plain("Hel", "lo")) as server:
        names = {"provider": aivvm(server)}

        exec(example, names)

        response = names["response"]
        assert isinstance(response, CreateResult)
        assert "".join(response) == "Hello"
        assert server.body["model"] == {"id": "gpt-4", "name": "GPT-4"}
        assert server.body["prompt"] == "You are a helpful assistant."
        assert server.body["temperature"] == 0.5
        assert server.body["messages"] == []


def test_it_runs_alone_without_flask():
    code = "import sys, chat.providers.aivvm as a; a.Aivvm(); sys.exit('flask' in sys.modules)"

    # The registry imports the other providers, which don't import Flask either.
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60).returncode == 0


def test_the_eight_models_are_on_offer():
    assert [model.id for model in Aivvm().models()] == [
        "gpt-3.5-turbo",
        "gpt-3.5-turbo-0613",
        "gpt-3.5-turbo-16k",
        "gpt-3.5-turbo-16k-0613",
        "gpt-4",
        "gpt-4-0613",
        "gpt-4-32k",
        "gpt-4-32k-0613",
    ]


@pytest.mark.parametrize("model", MODELS)
def test_each_model_goes_up_with_its_name(model):
    with Server(plain("Hello")) as server:
        result = ask(server, model=model.id)

        assert (result.text, result.model) == ("Hello", model.id)
        assert server.body["model"] == {"id": model.id, "name": model.name}


@pytest.mark.parametrize("model", ["", None])
def test_no_model_means_gpt_35(model):
    with Server(plain("Hello")) as server:
        assert ask(server, model=model).text == "Hello"
        assert server.body["model"]["id"] == "gpt-3.5-turbo"


def test_an_unknown_model_is_refused_at_the_call():
    with Server(plain("Hello")) as server:
        with pytest.raises(ValueError, match="Unknown model: gpt-9") as refused:
            ask(server, model="gpt-9")

        assert isinstance(refused.value, ModelNotFound)
        assert server.connections == 0


def test_settings_make_it_or_not():
    assert Aivvm.from_settings(config.load({})) is None

    made = Aivvm.from_settings(config.load({"AIVVM_URL": "http://127.0.0.1:1", "AIVVM_API_KEY": "k"}))

    assert made is not None
    assert (made.url, made.working) == ("http://127.0.0.1:1", True)


# Requests


def test_the_body_is_what_the_protocol_wants():
    with Server(plain("Hello")) as server:
        provider = Aivvm(server.url + "/", "a-key", QUICK)

        assert provider.create_completion("gpt-4", QUESTION, True).text == "Hello"

        assert server.requests[0].startswith(b"POST /api/chat HTTP/1.1\r\n")
        assert server.body == {
            "model": {"id": "gpt-4", "name": "GPT-4"},
            "messages": QUESTION,
            "key": "a-key",
            "prompt": DEFAULT_PROMPT,
            "temperature": 0.7,
        }


def test_the_headers_are_honest():
    with Server(plain("Hello")) as server:
        ask(server).close()
        ask(server).text

        assert server.head["content-type"] == "application/json"
        assert (server.head["origin"], server.head["referer"]) == (server.url, f"{server.url}/")
        assert server.head["user-agent"].startswith("Rivulet/")
        assert "authorization" not in server.head
        assert "cookie" not in server.head


def test_other_keywords_go_up_as_they_are_and_none_counts_as_not_given():
    with Server(plain("Hello")) as server:
        ask(server, temperature=0, top_p=0.5, max_tokens=None, system_message=None).text

        assert server.body["temperature"] == 0
        assert server.body["top_p"] == 0.5
        assert "max_tokens" not in server.body
        assert "system_message" not in server.body
        assert server.body["prompt"] == DEFAULT_PROMPT


def test_an_argument_that_json_can_not_hold_is_refused_at_the_call():
    with Server(plain("Hello")) as server, pytest.raises(TypeError):
        ask(server, thing=object())


def test_the_call_leaves_the_caller_s_messages_alone():
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]
    with Server(plain("Hello")) as server:
        ask(server, messages).text

    assert messages == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]


# The nine bugs of the old provider


def test_bug_1_a_character_cut_at_a_read_s_border_stays_whole():
    text = "水" * 3000
    body = text.encode()
    with Server([head(), b"%x\r\n" % len(body), body[:4096], 0.05, body[4096:], b"\r\n", END]) as server:
        assert ask(server).text == text


def test_bug_2_backslashes_are_text():
    text = "\\n \\x \\u0041 \\ud83d C:\\new\\"
    with Server(plain(text.encode() + b"\xff" + text.encode())) as server:
        assert ask(server).text == f"{text}\xff{text}"


def test_bug_3_the_length_counts_bytes():
    with Server(plain("Hello")) as server:
        ask(server, [{"role": "user", "content": "水 é 👋"}]).text

        assert server.body["messages"][0]["content"] == "水 é 👋"
        assert int(server.head["content-length"]) == len(server.requests[0].partition(b"\r\n\r\n")[2])


def test_bug_4_a_server_that_falls_silent_is_given_up():
    with Server([head(), chunk("Hel"), SILENCE]) as server:
        said, error = heard(ask(server))

        assert said == ["Hel"]
        assert isinstance(error, Interrupted)
        assert server.left.wait(5)


def test_bug_5_errors_have_classes():
    with Server([head("500 Incorrect API key provided: abc"), chunk("Error"), END]) as server:
        _, error = heard(ask(server))

        assert isinstance(error, BadKey)
        assert server.connections == 1


def test_bug_6_without_streaming_the_text_comes_in_one_piece_and_arguments_are_checked_at_the_call():
    with Server(plain("Hel", "lo", "水")) as server:
        assert list(ask(server, stream=False)) == ["Hello水"]
        with pytest.raises(ValueError):
            ask(server, model="gpt-9", stream=False)


def test_bug_7_a_web_page_is_no_answer():
    page = whole("200 OK", "<html>Welcome to something else</html>", "Content-Type: Text/HTML; charset=utf-8")
    with Server(page) as server:
        said, error = heard(ask(server))

        assert said == []
        assert isinstance(error, Unavailable)
        assert "web page" in str(error)


def test_bug_7_an_answer_that_is_dropped_early_lets_go_of_the_server():
    with Server([head(), chunk("Hel"), SILENCE]) as server:
        pieces = iter(ask(server))
        next(pieces)

        del pieces

        assert server.left.wait(0.2)


def test_bug_8_one_system_message_goes_up():
    system = {"role": "system", "content": "Be brief."}
    with Server(plain("Hello")) as server:
        ask(server, [system, *QUESTION]).text
        first = server.body
        ask(server, [system, *QUESTION], system_message="Be long.").text

        assert (first["prompt"], first["messages"]) == ("Be brief.", QUESTION)
        assert (server.body["prompt"], server.body["messages"]) == ("Be long.", QUESTION)


def test_bug_9_no_class_method_is_a_property():
    made = [value for kind in Aivvm.__mro__ for value in vars(kind).values() if isinstance(value, classmethod)]

    assert made
    assert not any(isinstance(method.__wrapped__, property) for method in made)


# Answers


@pytest.mark.parametrize("size", range(1, 15))
def test_text_cut_at_every_byte_arrives_whole(size):
    text = "aé水👋🏽z\\"
    body = text.encode()
    parts = [body[:size], body[size:]]
    with Server(plain(*parts)) as server:
        assert ask(server).text == text


def test_text_sent_byte_by_byte_arrives_whole():
    text = "é水👋🏽 привет"
    with Server(plain(*(bytes([byte]) for byte in text.encode()))) as server:
        assert ask(server).text == text


@pytest.mark.parametrize(
    "text",
    [
        "data: x\n\ndata: [DONE]\n\n",
        "[DONE]",
        "<!DOCTYPE html><html>",
        '{"error": "x"}',
        "\x00\x01\x1b[0m",
        "a\ufffdb",
        "\r\n\u2028",
    ],
)
def test_text_that_looks_like_something_else_is_text(text):
    with Server(plain(text)) as server:
        assert heard(ask(server)) == ([text], None)


def test_a_stream_that_calls_itself_events_is_text():
    with Server([head("200 OK", "Content-Type: text/event-stream"), chunk("data: x"), END]) as server:
        assert ask(server).text == "data: x"


def test_an_answer_without_text_is_empty():
    with Server(plain()) as server:
        assert heard(ask(server)) == ([], None)


def test_a_character_cut_by_the_end_becomes_a_mark():
    with Server(plain(b"a" + "水".encode()[:2])) as server:
        assert ask(server).text == "a\ufffd"


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("The model `gpt-4` does not exist", ModelNotFound),
        ("This model's maximum context length is 4097 tokens. However, you requested 7281 tokens.", ContextTooLong),
        ("You exceeded your current quota, please check your plan and billing details.", RateLimited),
        ("Rate limit reached for gpt-4. Please try again in 20s.", RateLimited),
        ("'x' is not of type 'number' - 'temperature'", Refused),
    ],
)
def test_the_reason_phrase_carries_the_error(reason, expected):
    with Server([head(f"500 {reason}", "content-type: text/plain;charset=UTF-8"), chunk("Error"), END]) as server:
        said, error = heard(ask(server))

        assert said == []
        assert type(error) is expected
        assert server.connections == 1


def test_a_reason_phrase_in_latin_1_is_told(quick_pauses):
    with Server([head("500 Modèle indisponible"), chunk("Error"), END]) as server:
        _, error = heard(ask(server))

        assert isinstance(error, Unavailable)
        assert "Modèle indisponible" in str(error)


@pytest.mark.parametrize("body", ["Error", "Internal Server Error"])
def test_a_500_without_a_reason_of_its_own_is_an_outage(quick_pauses, body):
    with Server([head("500 Internal Server Error"), chunk(body), END]) as server:
        _, error = heard(ask(server))

        assert isinstance(error, Unavailable)
        assert body not in str(error)
        assert server.connections == 3


def test_a_key_that_is_echoed_is_never_shown(quick_pauses):
    """GR 24-34510; LC 26-44653: a secret in what is answered."""
    with Server([head("500 Something about my-secret-key is odd"), chunk("Error"), END]) as server:
        provider = Aivvm(server.url, "my-secret-key", Timeouts(2, 5, 5, 5))
        result = provider.create_completion("gpt-4", QUESTION, True)

        _, error = heard(result)

        assert error is not None
        assert "my-secret-key" not in str(error)


@pytest.mark.parametrize(
    ("status", "lines"),
    [
        ("308 Permanent Redirect", ("Location: /api/chat",)),
        ("404 Not Found", ("Content-Type: text/html; charset=utf-8",)),
        ("403 Forbidden", ("Content-Type: text/html", "Server: cloudflare")),
        ("400 Bad Request", ("Connection: close",)),
    ],
)
def test_other_refusals_are_errors(status, lines):
    with Server(whole(status, "<html></html>", *lines)) as server:
        said, error = heard(ask(server))

        assert said == []
        assert isinstance(error, Refused if status.startswith("400") else Unavailable)
        assert server.connections == 1


def test_json_errors_of_other_servers_of_the_protocol_are_read():
    with Server(
        whole("401 Unauthorized", json.dumps({"error": "Login please"}), "Content-Type: application/json")
    ) as server:
        assert isinstance(heard(ask(server))[1], BadKey)


# Models


def test_the_server_s_own_models_come_after_the_eight():
    listed = json.dumps([{"id": "gpt-4", "name": "GPT-4"}, {"id": "gpt-5", "name": "GPT-5"}, {"id": 3}, "x"])
    with Server(whole("200 OK", listed), plain("Hello")) as server:
        provider = aivvm(server)

        provider.refresh()

        assert [model.id for model in provider.models()][8:] == ["gpt-5"]
        assert provider.create_completion("gpt-5", QUESTION, True).text == "Hello"
        assert server.requests[0].startswith(b"POST /api/models HTTP/1.1\r\n")
        assert server.requests[0].endswith(b'\r\n\r\n{"key": ""}')


def test_models_are_asked_for_in_the_background_and_once():
    with Server([0.1, *whole("200 OK", '[{"id": "gpt-5", "name": "GPT-5"}]')]) as server:
        provider = aivvm(server)

        first = provider.models()
        provider.models()
        provider._model_list._asked.wait(5)

        assert len(first) == 8
        assert len(provider.models()) == 9
        assert server.connections == 1


def test_a_completion_never_asks_for_models():
    with Server(plain("Hello")) as server:
        ask(server).text

        assert [request.split()[1] for request in server.requests] == [b"/api/chat"]


def test_the_host_that_is_gone_is_never_asked_for_models():
    provider = Aivvm()

    provider.models()

    assert provider._model_list._due == 0


@pytest.mark.parametrize("answer", [whole("500 Oops", "Error"), whole("200 OK", "{}"), whole("200 OK", "<")])
def test_a_list_that_can_not_be_had_becomes_a_problem_and_the_eight_stay(answer):
    with Server(answer, whole("200 OK", "[]")) as server:
        provider = aivvm(server)
        assert provider.problem() is None

        provider.refresh()
        problem = provider.problem()
        provider.refresh()

        assert problem is not None
        assert server.host in problem
        assert len(provider.models()) == 8
        assert provider.problem() is None


@pytest.mark.parametrize(
    "url",
    [None, "https://chat.aivvm.com/", "http://CHAT.aivvm.com", "https://chat.aivvm.com:443", "https://chat.aivvm.com."],
)
def test_the_host_that_is_gone_does_not_work_however_it_is_spelled(url):
    provider = Aivvm(url)

    assert not provider.working
    assert "offline since 2023" in (provider.problem() or "")


def test_another_host_of_that_protocol_works():
    assert Aivvm("https://chat.aivvm.com.example").working
