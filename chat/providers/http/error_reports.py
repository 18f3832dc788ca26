"""What a server reports about a failure: an error in JSON, a line of text, or a status.

The only reader of errors, for the body of a failed response and for each line of a stream.
"""

from __future__ import annotations

import json
from contextlib import suppress
from http.client import responses
from typing import Any, NamedTuple

MESSAGES = ("message", "detail", "msg", "error_msg", "error_message", "errorMessage", "status_msg", "faultstring")
FALLBACKS = ("description", "reason", "title", "details")
"""Fields with the message: OpenAI, FastAPI, Zhipu, Baidu, Azure, MiniMax, Apigee."""

CODES = ("type", "code", "status", "error_type", "error_code", "errorCode")
STATUSES = ("code", "status", "status_code", "http_status_code", "statusCode", "error_code", "http_code")
HOLDERS = ("error", "errors", "x_groq", "base_resp", "fault", "Error", "errorResponse")
"""Fields with the error object: all, Cloudflare, Groq, MiniMax, Apigee."""

LONGEST_LINE = 500

DEEPEST = 5
"""How deep to search for a message; no server nests deeper."""


class Report(NamedTuple):
    """A server's report of a failure: its message with its codes, and an HTTP status if it names one."""

    words: str
    status: int | None = None


def report_in(found: Any) -> Report | None:
    """Return the error in an object of a stream; None if it is no error."""
    if not isinstance(found, dict):
        return None
    error = next((found[name] for name in HOLDERS if is_error(found.get(name))), None)
    says_so = "error" in (found.get("object"), found.get("type"), found.get("status"))
    if error is None and not says_so and ("choices" in found or not any(map(found.get, MESSAGES))):
        return None
    return Report(message_in(found), status_in(error) or status_in(found))


def is_error(value: Any) -> bool:
    """Check whether an error field holds an error; MiniMax and Groq send it with good answers, too."""
    if isinstance(value, dict) and "status_code" in value:
        return bool(value["status_code"])
    if isinstance(value, dict) and "usage" in value:
        return bool(value.get("error"))
    return bool(value) and value is not True


def message_of(reason: str | None, body: bytes) -> str:
    """Return the message of a failed response: from its JSON, an unusual reason phrase, or a one-line body."""
    if words := message_in(parse_json(body)):
        return words
    if reason and reason not in responses.values():
        return str(reason)
    line = body.decode("utf-8", "replace").strip()
    return line if is_sentence(line) and len(line) < LONGEST_LINE and line not in responses.values() else ""


def is_sentence(words: str) -> bool:
    """Check whether text that is not JSON can be a sentence rather than a broken fragment."""
    return bool(words) and words[0].isalnum() and " " in words


def message_in(said: Any, names: tuple[str, ...] = (*HOLDERS, *MESSAGES, *FALLBACKS), depth: int = 0) -> str:
    """Return the message and the codes of an error object; empty if there are none."""
    said = said[0] if isinstance(said, list) and said else said
    if isinstance(said, str):
        return unwrap(said, depth)
    if not isinstance(said, dict) or depth > DEEPEST:
        return ""
    messages = (message_in(said[name], depth=depth + 1) for name in names if said.get(name))
    return " ".join([next(filter(None, messages), ""), *codes_in(said, depth)]).strip()


def codes_in(said: dict[str, Any], depth: int) -> list[str]:
    """Return the codes of an error object, and another server's message that it quotes (OpenRouter)."""
    codes = [said[name] for name in CODES if isinstance(said.get(name), str) and said[name] != "error"]
    if isinstance(said.get("n_ctx"), int):  # llama.cpp says the window here alone
        codes.append(f"n_ctx={said['n_ctx']}")
    quoted = said["metadata"].get("raw") if isinstance(said.get("metadata"), dict) else None
    return [*codes, message_in(quoted, depth=depth + 1)] if quoted else codes


def unwrap(text: str, depth: int) -> str:
    """Return the message inside a message that is JSON itself: gateways wrap other servers' errors."""
    inner = parse_json(text) if text.startswith(("{", "[")) and depth <= DEEPEST else None
    return (message_in(inner, depth=depth + 1) if isinstance(inner, dict | list) else "") or text


def status_in(said: Any) -> int | None:
    """Return the HTTP status of a failure in an error object."""
    if not isinstance(said, dict):
        return None
    values = (said.get(name) for name in STATUSES)
    numbers = (int(value) for value in values if type(value) is int or (isinstance(value, str) and value.isdecimal()))
    return next((number for number in numbers if 400 <= number < 600), None)


SCANNED = json.JSONDecoder().raw_decode
"""json.loads without its search for blanks: it takes two thirds of the time, for each token."""


def parse_json(body: bytes | str) -> Any:
    """Parse JSON; return None if it is not JSON."""
    try:
        found, end = SCANNED(body) if isinstance(body, str) else (None, -1)
    except (ValueError, RecursionError):
        end = -1
    if end == len(body):
        return found
    with suppress(ValueError, RecursionError):
        return json.loads(body)
    return None
