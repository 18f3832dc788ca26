"""The wordings of servers' errors and their meaning: tables of wordings, kinds and statuses.

The message counts more than the status: chatbot-ui servers answer every failure with 500 and put their provider's
message into the reason phrase, and gateways do much the same.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from chat.providers.errors import (
    BadKey,
    ContextTooLong,
    ModelNotFound,
    ProviderError,
    RateLimited,
    Refused,
    Unavailable,
)


class Kind(NamedTuple):
    """A kind of failure: its error, its sentence, and whether it is temporary.

    A sentence begins with {who}, because "The provider" stands there where nobody has named it.
    """

    error: type[ProviderError]
    sentence: str
    passes: bool = False


LONG = Kind(
    ContextTooLong,
    "This chat is too long for this model. Start a new chat, or choose a model with a larger context window.",
)
SPENT = Kind(
    RateLimited, "{who} says that the account is out of credit. Choose another model. Ask your admin to top it up."
)
KEY = Kind(BadKey, "{who} rejected the API key. Ask your admin to check it.")
DENIED = Kind(BadKey, "{who} denied access{quote}. Ask your admin to check the API key and the account.")
REGION = Kind(Refused, "{who} isn't available in this server's country or region{quote}. Choose another model.")
MODEL = Kind(ModelNotFound, "{who} doesn't offer this model. Choose another one.")
BUSY = Kind(RateLimited, "{who} is rate limiting requests. Try again {when}.", passes=True)
LOADING = Kind(Unavailable, "{who} is still loading the model. Try again {when}.", passes=True)
REFUSED = Kind(Refused, "{who} rejected the request{quote}. Change it, or choose another model.")
DOWN = Kind(Unavailable, "{who} is having problems{quote}. Try again {when}.", passes=True)
PAGE = Kind(
    Unavailable,
    "{who} returned a web page instead of an answer. The URL is probably wrong, or a proxy is blocking the request. "
    "Ask your admin to check the URL.",
)
ELSEWHERE = Kind(Unavailable, "{who} has no API at the URL in its settings. Ask your admin to check the URL.")

STATUSES = {401: KEY, 402: SPENT, 403: DENIED, 404: MODEL, 405: ELSEWHERE, 408: DOWN, 413: LONG, 429: BUSY}

NUMBER = r"[\[(<=]*\s*(\d[\d,_']*)"
WINDOWS = tuple(
    re.compile(pattern.replace("NUMBER", NUMBER), re.IGNORECASE)
    for pattern in (
        r"n_ctx=NUMBER",  # llama.cpp, in a field of its own
        r"max_(?:model|seq)_len(?:gth)?(?: is| of|=|:)* ?NUMBER",  # vLLM, TabbyAPI
        r"context (?:length|window|size)(?: limit)?(?: is| of| only|:)* ?NUMBER",  # OpenAI, vLLM, SGLang, llama.cpp
        r"(\d[\d,]*) (?:token )?(?:maximum )?context (?:length|window)",  # Mistral
        r"(?:length|max_tokens).{0,30}? exceed context limit: .{0,60}?> NUMBER",  # Anthropic, with max_tokens
        r"> NUMBER maximum",  # Anthropic
        r"maximum number of (?:input )?tokens(?: allowed| supported)?(?: is| of|:)* ?NUMBER",  # Gemini
        r"maximum (?:allowed )?(?:prompt|model|input|sequence)? ?length(?: is| of)* ?NUMBER",  # xAI, vLLM, SGLang
        r"`?max_new_tokens`? must be <= ?NUMBER",  # TGI, Together
        r"`inputs` must have less than NUMBER",  # TGI
        r"(?:prompt|total number of tokens.{0,30}?) cannot exceed NUMBER",  # Cohere
        r"token count of \d+ exceeds the limit of NUMBER",  # Copilot
        r"model token limit: NUMBER",  # Moonshot
        r"range of input length should be \[\d+, NUMBER",  # Qwen
        r"current length is \d+ while limit is NUMBER",  # Cerebras
        r"tokens per min.{0,20}limit NUMBER, requested",  # OpenAI, Groq: more than a minute's worth at once
        r"\b(?:limit|max(?:imum)?)(?: (?:model|context|size|length))*(?: is| of|:)* ?(\d[\d,]*)",  # Azure, GitHub
        r"长度(?:限制|上限)?(?:为|是|:|：)? ?NUMBER",  # SiliconFlow
        r"\d > NUMBER",  # transformers
    )
)
"""Patterns for the context window in tokens."""

TOO_LONG = (
    r"context.?(length|size|window|limit)|context_length_exceeded|maximum context|exceed_context_size",
    r"(prompt|input|request|message|conversation|inputs?) (is |are |was )?too (long|large)(?! to process)",
    r"prompt (length )?exceeds|too large for model|(please|to) reduce (the|your) (length|number|message|prompt|input)",
    r"longer than the (specified )?(maximum|model)|(prompt|input|model|sequence|allowed( input)?) length (is|of) \(?\d",
    r"input token count|maximum (number of )?(input )?tokens allowed|exceeds the maximum (allowed )?(input )?length",
    r"too many (input |prompt |total )?tokens(?!.{0,20}(per|wait))|token limit exceeded|exceeded model token limit",
    r"max_new_tokens`? must be <=|`inputs` must have less|tokens in the prompt|prompt token count",
    r"range of input length|exceeds? max(imum)? (input |prompt |message )?(length|tokens)|request_too_large",
    r"string_above_max|configured limit of|body too large for|current length is \d+ while limit",
    r"input.{0,30}longer than|超长|超[过出](模型)?(最大|上下文)|长度超",
)
"""Messages about a conversation that is too long: llama.cpp, vLLM, TGI, Gemini, Anthropic, OpenAI, Mistral,
Cohere, xAI, Moonshot, Qwen, GLM, Bedrock, LM Studio, Ollama."""

SAYINGS = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), kind)
    for pattern, kind in (
        (r"(request|message)s? too large.{0,200}tokens per min|tokens per min.{0,200}must be reduced", LONG),
        (r"rate.?limit|too many requests|throttl|per (minute|day)|please wait before|quota.{0,20}per ", BUSY),
        ("|".join(TOO_LONG), LONG),
        (
            r"insufficient[ _](quota|credit|balance|funds)|exceeded your current quota|credit balance|out of credit",
            SPENT,
        ),
        (r"billing (hard )?limit|no (credit|balance)|payment.required|arrears|账户余额|余额不足|欠费", SPENT),
        (r"(country|region|territory|location).{0,40}not (supported|available|allowed)", REGION),
        (r"(not (supported|available)|unavailable) in your (country|region|location)|unsupported_country", REGION),
        (r"(incorrect|invalid|missing|wrong|no|expired).(x.)?api.?key|api.?key.{0,30}(not valid|invalid|expired)", KEY),
        (r"api key (is |was )?(not found|invalid|missing|disabled|revoked)|provide an api key", KEY),
        (
            r"authentication_error|invalid (authentication|authorization|bearer)|no auth credentials|unauthori[sz]ed",
            KEY,
        ),
        (r"\bmodel\b.{0,150}?(not exist|not found|not loaded|no longer available)|model_not_found", MODEL),
        (r"(unknown|invalid|no such) model|not a valid model|no endpoints found|模型不存在", MODEL),
        (r"^\W*(404 )?(page )?not found\W*$|cannot (get|post) /|no route (found|matches)|invalid url", ELSEWHERE),
        (r"loading model|model is (currently )?loading|model.{0,40}still loading|is warming up", LOADING),
        (r"overloaded|over capacity|at capacity|no available capacity|temporarily unavailable", DOWN),
    )
)
"""Messages and their kinds, whatever the status; the first match counts."""

MASKED = re.compile(
    r"invalid|is not of type|(less|greater) than the (minimum|maximum)|is a required property|unsupported|unrecognized"
    r"|content (management )?policy|additional properties",
    re.IGNORECASE,
)
"""Messages about an invalid request that a gateway turned into a 500."""


def classify(status: int, words: str, page: bool = False) -> Kind:
    """Classify a failure by its message, or by its status if no wording matches."""
    if page and status < 500 and status not in (401, 413, 429):
        return PAGE
    for pattern, kind in SAYINGS:
        if pattern.search(words):
            return kind
    if status == 500 and MASKED.search(words):
        return REFUSED
    return STATUSES.get(status) or (DOWN if status >= 500 else REFUSED if status >= 400 else ELSEWHERE)


LEAST_WINDOW = 64
"""A smaller number is not a window but a code or a part of a date."""


def window_in(words: str) -> int | None:
    """Return the context window in tokens that an error message names."""
    for pattern in WINDOWS:
        if found := pattern.search(words):
            number = int("".join(filter(str.isdecimal, found[1])))
            return number if LEAST_WINDOW <= number < 10**9 else None
    return None
