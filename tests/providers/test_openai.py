"""Test the OpenAI protocol in all its servers' variants."""

from __future__ import annotations

import json

import pytest

from chat import config
from chat.providers import openai
from chat.providers.answer import CreateResult
from chat.providers.base import Model, Timeouts
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
from chat.providers.http.sse import LINE_LIMIT
from chat.providers.model_rows import chats, window_of
from chat.providers.openai import OpenAICompatible
from tests.providers.server import END, SILENCE, Server, Step, chunk, delta, head, sse, whole

QUICK = Timeouts(connect=2, first_byte=0.5, read=0.3, total=10)
QUESTION = [{"role": "user", "content": "hi"}]
STOP = delta("", "stop")
USAGE = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8, "details": {"x": 1}}}
HELLO = sse(delta("Hel"), delta("lo"), STOP, "[DONE]")


@pytest.fixture(autouse=True)
def quick_pauses(monkeypatch):
    monkeypatch.setattr("chat.providers.http.client.PAUSES", (0.0, 0.0))
    monkeypatch.setattr("chat.providers.openai_stream.LAST_WORDS", 0.2)


def ask(server: Server, model="a-model", stream=True, key=None, **options) -> CreateResult:
    return OpenAICompatible(server.url + "/v1", key, QUICK).create_completion(model, QUESTION, stream, **options)


def heard(result: CreateResult) -> tuple[str, Exception | None]:
    said = ""
    try:
        for piece in result:
            said += piece
    except ProviderError as error:
        return said, error
    return said, None


def told(*events, **options) -> CreateResult:
    """Read an answer with these events to its end."""
    with Server(sse(*events)) as server:
        result = ask(server, **options)
        result.text
        return result


# Requests


def test_the_request_is_what_the_protocol_wants():
    with Server(HELLO) as server:
        result = ask(server, key="a-key", system_message="Be brief.", temperature=0, max_tokens=None, seed=7)

        assert list(result) == ["Hel", "lo"]
        assert server.requests[0].startswith(b"POST /v1/chat/completions HTTP/1.1\r\n")
        assert server.head["authorization"] == "Bearer a-key"
        assert server.body == {
            "model": "a-model",
            "messages": [{"role": "system", "content": "Be brief."}, *QUESTION],
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": 0,
            "seed": 7,
        }


def test_without_a_key_nothing_is_signed():
    with Server(HELLO) as server:
        ask(server).text

        assert "authorization" not in server.head


def test_the_models_of_anthropic_are_listed_with_its_own_headers(monkeypatch):
    """Its list refuses a bearer token alone, and is 20 models long unless more are asked for."""
    monkeypatch.setattr(openai, "ANTHROPIC", ("127.0.0.1", openai.ANTHROPIC[1]))
    listed = {"data": [{"type": "model", "id": "claude-sonnet-4-5", "display_name": "Claude Sonnet 4.5"}]}
    with Server(whole("200 OK", json.dumps(listed)), HELLO) as server:
        provider = OpenAICompatible(f"{server.url}/v1", "a-key")
        provider.refresh()

        assert server.requests[0].startswith(b"GET /v1/models?limit=1000 HTTP/1.1\r\n")
        assert (server.head["x-api-key"], server.head["anthropic-version"]) == ("a-key", "2023-06-01")
        assert "authorization" not in server.head
        assert [model.name for model in provider.models()] == ["Claude Sonnet 4.5"]

        assert provider.create_completion("claude-sonnet-4-5", QUESTION, True).text == "Hello"
        assert server.head["authorization"] == "Bearer a-key"


def test_a_slash_at_the_end_of_the_address_does_no_harm():
    with Server(HELLO) as server:
        OpenAICompatible(server.url + "/v1/").create_completion("a-model", QUESTION, True).text

        assert server.requests[0].startswith(b"POST /v1/chat/completions ")


def test_a_server_that_does_not_know_stream_options_is_asked_without():
    refusal = whole("400 Bad Request", json.dumps({"error": {"message": "Unknown parameter: 'stream_options'."}}))
    with Server(refusal, HELLO) as server:
        assert ask(server).text == "Hello"
        assert server.connections == 2
        assert "stream_options" not in server.body


def test_another_refusal_is_not_asked_again():
    with Server(whole("400 Bad Request", '{"error": {"message": "temperature is too hot"}}')) as server:
        _, error = heard(ask(server))

        assert isinstance(error, Refused)
        assert "temperature is too hot" in str(error)
        assert server.connections == 1


def test_a_server_that_goes_on_refusing_stream_options_is_asked_twice_at_most():
    with Server(whole("400 Bad Request", '{"error": "no stream_options"}')) as server:
        assert isinstance(heard(ask(server))[1], Refused)
        assert server.connections == 2


# Streams


def test_what_is_known_of_an_answer_fills_up():
    result = told(delta("Hello"), delta(None, "length"), USAGE, "[DONE]")

    assert (result.text, result.finish_reason, result.model) == ("Hello", "length", "a-model")
    assert result.usage == {"prompt_tokens": 3, "completion_tokens": 5}


def test_usage_may_come_with_every_chunk():
    result = told(
        {**delta("Hello"), "usage": {"prompt_tokens": 3, "completion_tokens": 1}}, {**STOP, "usage": None}, "[DONE]"
    )

    assert result.usage == {"prompt_tokens": 3, "completion_tokens": 1}


@pytest.mark.parametrize("reason", ["stop", "length", "content_filter", "tool_calls"])
def test_the_reason_for_the_end_is_kept(reason):
    assert told(delta("Hello"), delta("", reason), "[DONE]").finish_reason == reason


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param({"choices": [{"index": 0, "delta": {"role": "assistant"}}]}, id="role only"),
        pytest.param(delta(""), id="empty"),
        pytest.param(delta(None), id="null"),
        pytest.param(delta(True), id="true"),
        pytest.param(delta({"text": "no"}), id="an object"),
        pytest.param({"choices": [{"index": 0, "delta": None}]}, id="null delta"),
        pytest.param({"choices": [{"index": 0}]}, id="no delta"),
        pytest.param({"choices": []}, id="no choices"),
        pytest.param({"choices": None}, id="null choices"),
        pytest.param({"choices": [None]}, id="null choice"),
        pytest.param({"choices": "none"}, id="choices that are text"),
        pytest.param({"choices": [{"index": 1, "delta": {"content": "no"}}]}, id="another choice"),
        pytest.param({"prompt_filter_results": []}, id="a filter's results"),
        pytest.param({"error": None}, id="no error"),
        pytest.param(USAGE, id="usage"),
    ],
)
def test_a_chunk_without_text_is_passed_over(odd):
    assert told(odd, delta("Hel"), odd, delta("lo"), odd, STOP, odd, "[DONE]").text == "Hello"


def test_content_may_be_a_list_of_parts():
    parts = [{"type": "text", "text": "Hel"}, {"type": "image"}, "x", {"type": "text", "text": "lo"}]

    assert told(delta(parts), STOP, "[DONE]").text == "Hello"


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_reasoning_is_kept_apart(name):
    result = told(delta(None, **{name: "Let me "}), delta("", **{name: "think."}), delta("Hello"), STOP, "[DONE]")

    assert (result.text, result.reasoning) == ("Hello", "Let me think.")


def test_reasoning_without_an_end_is_not_kept_without_an_end(monkeypatch):
    monkeypatch.setattr("chat.providers.answer.REASONING_LIMIT", 100)

    assert len(told(*[delta("", reasoning="x" * 60)] * 50, STOP, "[DONE]").reasoning) == 120


def test_comments_and_crlf_are_read():
    script = [
        head(),
        chunk(b": PROCESSING\r\n\r\ndata: " + json.dumps(delta("Hello", "stop")).encode() + b"\r\n\r\n"),
        END,
    ]
    with Server(script) as server:
        assert ask(server).text == "Hello"


def test_done_may_be_missing_where_the_answer_is_finished():
    assert told(delta("Hello"), STOP).text == "Hello"


def test_the_reason_may_be_missing_where_it_is_done():
    result = told(delta("Hello"), "[DONE]")

    assert (result.text, result.finish_reason) == ("Hello", None)


def test_a_server_that_stays_after_done_is_left():
    with Server([*sse(delta("Hello"), STOP, "[DONE]")[:-1], SILENCE]) as server:
        assert ask(server).text == "Hello"
        assert server.left.wait(5)


@pytest.mark.parametrize("rest", [[SILENCE], [], [chunk("data: {broken\n\n")], [chunk('data: {"error": "x"}\n\n')]])
def test_what_goes_wrong_after_the_end_does_no_harm(rest):
    with Server([*sse(delta("Hello"), STOP)[:-1], *rest]) as server:
        assert heard(ask(server)) == ("Hello", None)


def test_text_after_a_reason_that_came_early_is_read():
    early = delta("Hel", "stop")

    assert told(early, delta("lo", "stop"), "[DONE]").text == "Hello"


@pytest.mark.parametrize("first", [delta("Hel", "stop"), delta("", "stop")], ids=["with text", "before any text"])
def test_a_reason_before_the_end_does_not_hurry_the_rest(first, monkeypatch):
    monkeypatch.setattr("chat.providers.openai_stream.LAST_WORDS", 0.05)
    begin, more = (chunk(f"data: {json.dumps(event)}\n\n") for event in (first, delta("lo", "stop")))
    script: list[Step] = [head(), begin, 0.15, more, END]
    with Server(script) as server:
        said, error = heard(ask(server))

    assert (said, error) == (("Hello", None) if first["choices"][0]["delta"]["content"] else ("lo", None))


def test_halves_of_a_character_in_two_deltas_are_joined():
    script = [
        head(),
        *(chunk(f'data: {{"choices":[{{"delta":{{"content":"{half}"}}}}]}}\n\n') for half in (r"a\ud83d", r"\ude00b")),
    ]
    with Server([*script, chunk("data: [DONE]\n\n"), END]) as server:
        assert list(ask(server)) == ["a", "😀b"]


@pytest.mark.parametrize(
    ("deltas", "text"),
    [
        ([r"a\ud83d", "b"], "a\ufffdb"),
        ([r"a\ud83d"], "a\ufffd"),
        ([r"a\ude00b"], "a\ufffdb"),
        ([r"\ud83d\ud83d\ude00"], "\ufffd😀"),
        ([r"\ud83d", "", r"\ude00"], "😀"),
    ],
)
def test_half_a_character_becomes_a_mark(deltas, text):
    script = [chunk(f'data: {{"choices":[{{"delta":{{"content":"{half}"}}}}]}}\n\n') for half in deltas]
    with Server([head(), *script, chunk("data: [DONE]\n\n"), END]) as server:
        assert ask(server).text == text


@pytest.mark.parametrize("size", range(1, 60))
def test_an_answer_cut_at_any_byte_is_read(size):
    said = json.dumps(delta("é水👋\u2028x", "stop"), ensure_ascii=False)
    body = f"data: {said}\n\n".encode()
    with Server([head(), chunk(body[:size]), 0.002, chunk(body[size:]), END]) as server:
        assert ask(server).text == "é水👋\u2028x"


# Whole answers


def completion(content) -> str:
    usage = {"prompt_tokens": 3, "completion_tokens": 5}
    message = {"role": "assistant", "content": content, "reasoning_content": "Hm."}
    return json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage})


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("kind", ["application/json", "text/event-stream", "text/plain"])
def test_a_plain_json_answer_is_read(stream, kind):
    with Server(whole("200 OK", "\n " + completion("Hello"), f"Content-Type: {kind}")) as server:
        result = ask(server, stream=stream)

        assert list(result) == ["Hello"]
        assert (result.finish_reason, result.reasoning) == ("stop", "Hm.")
        assert result.usage == {"prompt_tokens": 3, "completion_tokens": 5}
        assert server.body["stream"] is stream


def test_without_streaming_no_stream_is_asked_for():
    with Server(whole("200 OK", completion("Hello"))) as server:
        assert list(ask(server, stream=False)) == ["Hello"]
        assert server.body["stream"] is False
        assert "stream_options" not in server.body


def test_a_stream_that_nobody_asked_for_is_one_piece():
    with Server(HELLO) as server:
        assert list(ask(server, stream=False)) == ["Hello"]


def test_a_plain_json_answer_without_text_is_empty():
    with Server(whole("200 OK", completion(None))) as server:
        assert heard(ask(server)) == ("", None)


# Errors


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param([chunk("data: {broken\n\n"), END], id="malformed JSON"),
        pytest.param([chunk("data: 7\n\n"), END], id="JSON that is no object"),
        pytest.param([chunk("data: " + "[" * 100_000 + "\n\n"), END], id="JSON without a bottom"),
        pytest.param([END], id="neither a reason nor done"),
        pytest.param([], id="cut"),
        pytest.param([SILENCE], id="silence"),
        pytest.param([chunk('data: {"error": {"message": "Oh no"}}\n\n'), END], id="an error object"),
        pytest.param([chunk('data: {"error": "Oh no"}\n\n'), END], id="an error text"),
        pytest.param([chunk('event: error\ndata: {"message": "Oh no"}\n\n'), END], id="an error event"),
        pytest.param([chunk("event: error\ndata: Oh no\n\n"), END], id="an error event with text"),
        pytest.param([chunk("data: " + "x" * (LINE_LIMIT + 1)), SILENCE], id="a line without an end"),
    ],
)
def test_an_answer_that_breaks_off_keeps_what_was_said(broken):
    with Server([head(), chunk(f"data: {json.dumps(delta('Hel'))}\n\n"), *broken]) as server:
        said, error = heard(ask(server))
        assert said == "Hel"
        assert type(error) is Interrupted
        assert str(error).startswith("The answer was interrupted. ")

    with Server([head(), chunk(f"data: {json.dumps(delta(''))}\n\n"), *broken]) as server:
        said, error = heard(ask(server))
        assert said == ""
        assert type(error) is Unavailable
        assert server.connections == 1


def test_an_error_in_mid_stream_is_quoted_without_secrets():
    events = (delta("Hel"), {"error": {"message": "Oh no sk-abcdefgh12345678"}})
    with Server(sse(*events)) as server:
        _, error = heard(ask(server))

        assert "Oh no …" in str(error)


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        ({"message": "slow down", "code": 429}, RateLimited),
        ({"message": "slow down", "code": "rate_limit_exceeded"}, RateLimited),
        ({"message": "context_length_exceeded"}, ContextTooLong),
        ({"message": "No.", "code": 401}, BadKey),
        ({"message": "Busy.", "code": 503}, Unavailable),
        ({"message": "Busy.", "code": 7}, Unavailable),
    ],
)
def test_an_error_before_any_text_has_its_class(reported, expected):
    with Server(sse({"error": reported})) as server:
        assert type(heard(ask(server))[1]) is expected

    with Server(whole("200 OK", json.dumps({"error": reported}))) as server:
        assert type(heard(ask(server))[1]) is expected


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, {"error": {"message": "Incorrect API key provided: the-key", "code": "invalid_api_key"}}, BadKey),
        (403, {"error": {"message": "No."}}, BadKey),
        (404, {"error": {"message": "The model `x` does not exist", "code": "model_not_found"}}, ModelNotFound),
        (404, {"error": 'model "x" not found, try pulling it first'}, ModelNotFound),
        (400, {"error": {"message": "Too long.", "code": "context_length_exceeded"}}, ContextTooLong),
        (400, {"error": {"message": "the request exceeds the available context size"}}, ContextTooLong),
        (400, {"error": {"message": "No."}}, Refused),
        (422, {"detail": "No."}, Refused),
        (429, {"error": {"message": "Slow down."}}, RateLimited),
        (429, {"error": {"message": "No money.", "code": "insufficient_quota"}}, RateLimited),
        (500, {"error": {"message": "Oops."}}, Unavailable),
        (529, {"error": {"message": "Overloaded"}}, Unavailable),
    ],
)
def test_an_error_has_its_class_and_never_shows_the_key(status, body, expected):
    with Server(whole(f"{status} Oops", json.dumps(body), "Content-Type: application/json")) as server:
        said, error = heard(ask(server, key="the-key"))

        assert said == ""
        assert type(error) is expected
        assert "the-key" not in str(error)


def test_no_credit_is_asked_once_and_has_its_own_sentence():
    body = json.dumps({"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}})
    with Server(whole("429 Too Many Requests", body)) as server:
        _, error = heard(ask(server))

        assert "out of credit" in str(error)
        assert server.connections == 1


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found"])
def test_a_web_page_is_no_answer(status):
    with Server(whole(status, "<html>", "Content-Type: text/html")) as server:
        said, error = heard(ask(server))

        assert said == ""
        assert type(error) is Unavailable
        assert "URL is probably wrong" in str(error)


def test_a_web_page_without_a_type_is_no_answer():
    with Server(whole("200 OK", "<!DOCTYPE html><html><body>Hello</body></html>")) as server:
        assert type(heard(ask(server))[1]) is Unavailable


def test_an_empty_answer_is_no_answer():
    with Server([head(), END]) as server:
        assert type(heard(ask(server))[1]) is Unavailable


def test_closing_reaches_the_server():
    with Server([head(), chunk(f"data: {json.dumps(delta('Hel'))}\n\n"), SILENCE]) as server:
        result = ask(server)
        next(iter(result))

        result.close()

        assert server.left.wait(5)
        assert list(result) == ["Hel"]


# Models


def listing(*ids: str, **fields) -> list:
    return whole("200 OK", json.dumps({"object": "list", "data": [{"id": name, **fields} for name in ids]}))


def test_the_models_are_listed_by_name_and_those_that_do_not_chat_left_out():
    with Server(
        listing("zeta", "Alpha", "text-embedding-3-small", "whisper-1", "dall-e-3", "tts-1", "omni-moderation-latest")
    ) as server:
        provider = OpenAICompatible(server.url, "a-key")

        assert [model.id for model in provider.models()] == ["Alpha", "zeta"]
        assert server.requests[0].startswith(b"GET /models HTTP/1.1\r\n")
        assert server.head["authorization"] == "Bearer a-key"
        assert provider.problem() is None


def test_a_usual_model_comes_first_and_before_it_the_one_that_is_set():
    with Server(listing("a", "gpt-5", "gpt-4.1")) as server:
        assert [model.id for model in OpenAICompatible(server.url).models()] == ["gpt-5", "gpt-4.1", "a"]
        assert OpenAICompatible(server.url, model="a").models()[0].id == "a"


def test_the_model_that_is_set_comes_first():
    with Server(listing("a", "b", "c")) as server:
        assert [model.id for model in OpenAICompatible(server.url, model="b").models()] == ["b", "a", "c"]


def test_the_model_that_is_set_is_on_offer_where_none_is_listed():
    with Server(whole("404 Not Found", "")) as server:
        provider = OpenAICompatible(server.url, model="mine")

        assert provider.models() == [Model("mine", "mine")]
        assert provider.problem() is None


@pytest.mark.parametrize(
    "fields",
    [
        {"context_length": 4096},
        {"max_model_len": 4096},
        {"context_window": 4096},
        {"meta": {"n_ctx_train": 4096}},
        {"meta": {"n_ctx": 4096, "n_ctx_train": 131072}},
        {"context_length": None, "max_model_len": 4096},
    ],
)
def test_the_window_is_found_where_servers_name_it(fields):
    assert window_of({"id": "x", **fields}) == 4096


@pytest.mark.parametrize(
    "fields", [{}, {"context_length": "4096"}, {"context_length": True}, {"meta": 7}, {"n_ctx": 0}]
)
def test_a_window_that_is_not_named_is_not_known(fields):
    assert window_of(fields) is None


@pytest.mark.parametrize("name", ["gpt-4o", "gpt-5.1", "o3-mini", "llama3.2:3b", "claude-sonnet-4-5", "qwen3-instruct"])
def test_models_that_chat_are_kept(name):
    assert chats(name)


def test_the_list_is_kept():
    with Server(listing("a")) as server:
        provider = OpenAICompatible(server.url)

        assert provider.models() == provider.models() == [Model("a", "a")]
        assert server.connections == 1


def test_the_list_is_asked_for_again_when_it_is_old(monkeypatch):
    monkeypatch.setattr("chat.providers.model_list.FRESH", 0.0)
    with Server(listing("a"), listing("a", "b")) as server:
        provider = OpenAICompatible(server.url)
        provider.models()
        provider._model_list.refresh()

        assert len(provider.models()) == 2


def test_a_list_that_was_had_stays_when_it_can_not_be_had_again():
    with Server(listing("a"), whole("500 Oops", "")) as server:
        provider = OpenAICompatible(server.url)
        provider.models()
        provider._model_list.refresh()

        assert provider.models() == [Model("a", "a")]
        assert server.host in (provider.problem() or "")


def test_a_slow_list_is_waited_for_only_so_long(monkeypatch):
    monkeypatch.setattr("chat.providers.openai.FIRST_LIST_PATIENCE", 0.05)
    with Server([SILENCE]) as server:
        assert OpenAICompatible(server.url).models() == []


@pytest.mark.parametrize("body", ["", "[]x", "{}", '{"data": 7}', '"x"'])
def test_a_list_that_is_none_is_a_problem(body):
    with Server(whole("200 OK", body)) as server:
        provider = OpenAICompatible(server.url)

        assert provider.models() == []
        assert "didn't send a model list" in (provider.problem() or "")


def test_rows_that_are_none_are_left_out():
    with Server(whole("200 OK", '{"data": [7, {"id": 3}, {}, {"id": "a", "name": "A"}]}')) as server:
        assert OpenAICompatible(server.url).models() == [Model("a", "A")]


def test_an_unknown_model_is_refused_at_the_call_where_the_list_is_known():
    with Server(listing("a", "llama3:latest")) as server:
        provider = OpenAICompatible(server.url, model="mine")
        provider.create_completion("anything", QUESTION, True)
        provider.models()

        with pytest.raises(ValueError, match="Unknown model: nope"):
            provider.create_completion("nope", QUESTION, True)
        for known in ("a", "llama3", "mine"):
            assert provider.create_completion(known, QUESTION, True).model == known


def test_no_model_means_the_one_that_is_set_else_the_first():
    with Server(listing("b", "a")) as server:
        provider = OpenAICompatible(server.url)
        provider.models()

        assert provider.create_completion("", QUESTION, True).model == "a"
        assert OpenAICompatible(server.url, model="mine").create_completion("", QUESTION, True).model == "mine"


def test_no_model_at_all_is_refused_at_the_call():
    with pytest.raises(ValueError, match="set OPENAI_MODEL"):
        OpenAICompatible("http://127.0.0.1:1").create_completion("", QUESTION, True)


def test_settings_make_it_or_not():
    assert OpenAICompatible.from_settings(config.load({"OPENAI_MODEL": "x"})) is None

    openai = OpenAICompatible.from_settings(config.load({"OPENAI_API_KEY": "k"}))
    other = OpenAICompatible.from_settings(
        config.load({"OPENAI_BASE_URL": "http://127.0.0.1:1/v1", "OPENAI_MODEL": "x"})
    )

    assert openai is not None
    assert openai.url == OpenAICompatible.url == "https://api.openai.com/v1"
    assert other is not None
    assert (other.url, other.model) == ("http://127.0.0.1:1/v1", "x")
