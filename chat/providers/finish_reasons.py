"""Finish reasons: what each means for the user, with and without text. An unknown reason is an ordinary end."""

from __future__ import annotations

import re
from typing import NamedTuple

from chat.providers.answer import CreateResult
from chat.providers.deltas import CALL, UNKNOWN


class Finish(NamedTuple):
    """The sentence after some text (or none), the sentence without text, and whether the answer broke off."""

    after_text: str
    without_text: str
    broke_off: bool = False


EMPTY = "The model returned an empty answer. Try again or rephrase your question."
CUT_OFF = "The answer was cut off at the model's length limit."
ONLY_THOUGHT = (
    "The model reached its length limit while reasoning, before the answer began. Try again or ask for something "
    "shorter."
)

WHOLE = Finish("", EMPTY)
LENGTH = Finish(CUT_OFF, "The model reached its length limit before the answer began. Try again or ask for less.")
FILTERED = Finish(
    "The provider's content filter cut off this answer.",
    "The provider's content filter blocked the answer. Rephrase your question or choose another model.",
)
TOOL = Finish(
    "The answer stops here because the model tried to use a tool. Rivulet has no tools.",
    "The model tried to use a tool instead of answering. Rivulet has no tools; rephrase your question.",
)
BROKEN = Finish(
    "The provider ended the answer early.",
    "The provider ended the answer before its first word. Try again in a moment.",
    broke_off=True,
)
NO_TEXT = "The model answered with something that can't be shown here ({what}). Ask for text."

FINISHES = {
    **dict.fromkeys(("length", "max_tokens", "max_output_tokens", "model_length", "max_length", "token_limit"), LENGTH),
    **dict.fromkeys(("model_context_window_exceeded", "context_length_exceeded", "incomplete"), LENGTH),
    **dict.fromkeys(("content_filter", "content_filtered", "safety", "image_safety", "sensitive", "refusal"), FILTERED),
    **dict.fromkeys(("recitation", "blocklist", "prohibited_content", "spii", "language"), FILTERED),
    **dict.fromkeys(("guardrail_intervened", "guardrails", "error_toxic", "violation", "blocked"), FILTERED),
    **dict.fromkeys(("tool_calls", "tool_call", "function_call", "tool_use", "pause_turn"), TOOL),
    **dict.fromkeys(("malformed_function_call", "unexpected_tool_call"), TOOL),
    **dict.fromkeys(("error", "network_error", "insufficient_system_resource", "abort", "aborted"), BROKEN),
    **dict.fromkeys(("cancelled", "canceled", "timeout", "time_limit", "user_cancel", "failed"), BROKEN),
    **dict.fromkeys(("overloaded", "server_error", "error_limit", "malformed_response"), BROKEN),
}
"""Finish reasons in lower case: OpenAI, Azure, Gemini, Anthropic, Mistral, Cohere, DeepSeek, GLM, Bedrock, vLLM."""

BORDER = re.compile(r"-|(?<=[a-z])(?=[A-Z])")
"""The border between two words of a reason."""


def finish_of(result: CreateResult, text: bool) -> Finish:
    """Return how an answer ended; `text` says whether it has any."""
    found = look_up(result.finish_reason)
    if text or (found is not WHOLE and found is not LENGTH):
        return found
    if found is LENGTH:
        return Finish(CUT_OFF, ONLY_THOUGHT) if result.reasoning else LENGTH
    if CALL in result.aside:
        return TOOL
    if what := result.aside.get(UNKNOWN):
        return Finish("", NO_TEXT.format(what=what))
    return WHOLE


def look_up(reason: str | None) -> Finish:
    """Look up a finish reason in any spelling: `MaxTokens`, `max-tokens`, `FinishReason.MAX_TOKENS`."""
    name = (reason or "").rpartition(".")[2]
    return FINISHES.get(BORDER.sub("_", name).lower(), WHOLE)
