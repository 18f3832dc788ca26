"""Test how a server's status and text become an error for the user."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.providers.errors import BadKey, ContextTooLong, ModelNotFound, RateLimited, Refused, Unavailable
from chat.providers.http.error_reports import message_of
from chat.providers.http.failures import failure, quote, retry_after_header, retry_after_in

KEY = "sk-proj-abcdefgh12345678"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (301, Unavailable),
        (308, Unavailable),
        (400, Refused),
        (401, BadKey),
        (402, RateLimited),
        (403, BadKey),
        (404, ModelNotFound),
        (405, Unavailable),
        (413, ContextTooLong),
        (418, Refused),
        (422, Refused),
        (429, RateLimited),
        (500, Unavailable),
        (503, Unavailable),
        (529, Unavailable),
        (599, Unavailable),
    ],
)
def test_a_status_has_its_error(status, expected):
    assert type(failure(status, "", "model.test").error) is expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("This model's maximum context length is 4097 tokens. However, you requested 7281 tokens.", ContextTooLong),
        ("too long context_length_exceeded", ContextTooLong),
        ("the request exceeds the available context size (4096 tokens), try increasing it", ContextTooLong),
        ("prompt is too long: 210000 tokens > 200000 maximum", ContextTooLong),
        ("You exceeded your current quota, please check your plan and billing details.", RateLimited),
        ("insufficient_quota", RateLimited),
        ("Insufficient Balance", RateLimited),
        ("Rate limit reached for gpt-4 on requests per min. Limit: 3 / min.", RateLimited),
        ("Incorrect API key provided: bad-key.", BadKey),
        ("You didn't provide an API key. You need to provide your API key in a header", BadKey),
        ("API key not valid. Please pass a valid API key.", BadKey),
        ("invalid x-api-key authentication_error", BadKey),
        ("The model `gpt-3.5-unknown` does not exist", ModelNotFound),
        ("The model: `gpt-5` does not exist", ModelNotFound),
        ('model "nope" not found, try pulling it first', ModelNotFound),
        ("That model is currently overloaded with other requests.", Unavailable),
        ("The server had an error while processing your request. Sorry about that!", Unavailable),
        ("'abc' is not of type 'number' - 'temperature'", Refused),
        ("-1 is less than the minimum of 0 - 'temperature'", Refused),
        ("'messages' is a required property", Refused),
        ("The response was filtered due to the prompt triggering our content management policy.", Refused),
    ],
)
def test_words_behind_a_500_have_their_error(words, expected):
    assert type(failure(500, words, "model.test").error) is expected


@pytest.mark.parametrize(
    ("status", "words", "again"),
    [
        (500, "", True),
        (429, "Rate limit reached", True),
        (500, "Rate limit reached", True),
        (429, "insufficient_quota", False),
        (500, "Incorrect API key provided", False),
        (500, "The model `x` does not exist", False),
        (500, "This model's maximum context length is 10 tokens", False),
        (501, "", False),
    ],
)
def test_only_what_may_pass_is_worth_another_try(status, words, again):
    assert failure(status, words, "model.test").again is again


def test_a_web_page_tells_of_a_wrong_address_or_a_block():
    for status in (200, 403, 404):
        error = failure(status, "", "model.test", page=True).error

        assert type(error) is Unavailable
        assert "web page" in str(error)


def test_a_router_s_error_page_is_an_outage():
    assert "model.test is having problems" in str(failure(502, "", "model.test", page=True).error)


def test_a_rate_limit_says_when_to_come_back():
    error = failure(500, "Rate limit reached. Please try again in 20s.", "model.test").error

    assert isinstance(error, RateLimited)
    assert error.retry_after == 20
    assert "Try again in 20 seconds." in str(error)


def test_no_credit_has_its_own_sentence():
    assert "model.test says that the account is out of credit" in str(
        failure(429, "insufficient_quota", "model.test").error
    )


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 500, 503])
@pytest.mark.parametrize(
    "words", ["Bad value for {}", "Incorrect API key provided: {}", "key={};", "\n{}\n", "Bearer {}"]
)
def test_no_sentence_holds_the_key(status, words):
    sentence = str(failure(status, words.format(KEY), "model.test", KEY).error)

    assert KEY not in sentence


def test_no_sentence_holds_somebody_else_s_key():
    sentence = str(
        failure(400, "bad thing sk-abcdefgh1234**** and Bearer abc.def and AIzaSyA1234567890", "model.test").error
    )

    assert "bad thing" in sentence
    for secret in ("abcdefgh", "abc.def", "SyA123"):
        assert secret not in sentence


@given(st.text(), st.text(min_size=8))
def test_a_quote_is_one_short_line_without_the_key(words, key):
    line = quote(words + key + words, key)

    assert line == ""


@given(st.text(min_size=1))
def test_a_quote_is_one_short_printable_line(words):
    line = quote(words, "")

    assert line.isprintable() or line == ""
    assert len(line) < 230


def test_braces_in_a_server_s_words_are_words():
    assert "{host} {0}" in str(failure(400, "odd {host} {0}", "model.test").error)


@pytest.mark.parametrize(
    ("reason", "body", "words"),
    [
        ("Bad Request", b'{"error": {"message": "No.", "type": "bad", "code": "x"}}', "No. bad x"),
        ("Bad Request", b'{"error": {"message": "No.", "code": 400}}', "No."),
        ("Bad Request", b'{"error": "No."}', "No."),
        ("Bad Request", b'{"error": "No.", "message": "more", "suggestion": "x"}', "No."),
        ("Bad Request", b'{"detail": "No."}', "No."),
        ("Bad Request", b'{"object": "error", "message": "No."}', "No."),
        ("Bad Request", b'[{"error": {"message": "No."}}]', "No."),
        ("Bad Request", b'{"detail": [{"msg": "No."}]}', "No."),
        ("Bad Request", b'{"error": null}', ""),
        ("Bad Request", b'{"error": [1, 2]}', ""),
        ("Bad Request", b"7", ""),
        ("Bad Request", b"[" * 60_000, ""),
        ("Bad Request", b'{"error":' * 5_000, ""),
        ("Bad Request", b'{"a": ' + b"9" * 10_000 + b"}", ""),
        ("Bad Request", b"\xff\xfe", ""),
        ("Rate limit reached", b"Error", "Rate limit reached"),
        ("Internal Server Error", b"Error", ""),
        ("", b"", ""),
        (None, b"", ""),
    ],
)
def test_what_a_server_said_is_in_its_json_else_in_its_reason(reason, body, words):
    assert message_of(reason, body) == words


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        ("0.5", 0.5),
        ("", None),
        ("-3", None),
        ("nan", None),
        ("soon", None),
        ("9" * 400, None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
    ],
)
def test_retry_after_is_read(value, seconds):
    assert retry_after_header({"Retry-After": value}) == seconds


def test_retry_after_may_be_a_date():
    retry_after = retry_after_header({"Retry-After": "Wed, 21 Oct 2099 07:28:00 GMT"})

    assert retry_after is not None
    assert retry_after > 1e9


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("Please try again in 20s.", 20),
        ("try again in 250ms", 0.25),
        ("Please try again in 1m30.5s", 90.5),
        ("try again in 6m0s", 360),
        ("try again in 2m", 120),
        ("try again in a moment", None),
        ("", None),
    ],
)
def test_a_wish_in_words_is_read(words, seconds):
    assert retry_after_in(words) == seconds


@pytest.mark.parametrize(
    ("retry_after", "said"),
    [
        (None, "a moment"),
        (0.5, "a moment"),
        (1, "1 second."),
        (1.2, "2 seconds."),
        (119, "119 seconds"),
        (121, "3 minutes"),
    ],
)
def test_when_to_try_again_is_said_in_words_that_agree(retry_after: float | None, said: str) -> None:
    assert f"Try again in {said}" in str(failure(429, "", "model.test", retry_after=retry_after).error)


@pytest.mark.parametrize(
    ("status", "words", "expected", "says"),
    [
        (403, "Country, region, or territory not supported", Refused, "country or region"),
        (403, "Your project does not have access to model x", BadKey, 'denied access: "Your project'),
        (400, "Your credit balance is too low to access the API", RateLimited, "out of credit"),
        (400, "The API key has expired", BadKey, "rejected the API key"),
        (503, "Loading model", Unavailable, "still loading"),
        (400, "Too many tokens, please wait before trying again", RateLimited, "rate limiting requests"),
        (404, "404 page not found", Unavailable, "at the URL in its settings"),
    ],
)
def test_words_count_for_more_than_a_status(status: int, words: str, expected: type, says: str) -> None:
    error = failure(status, words, "model.test").error

    assert type(error) is expected and says in str(error)


@pytest.mark.parametrize("key", ["", "x", "no", "1234567"])
def test_a_key_of_less_than_eight_characters_hides_nothing(key: str) -> None:
    assert quote("no 1234567 x", key) == ': "no 1234567 x"'
