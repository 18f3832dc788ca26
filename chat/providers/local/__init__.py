"""The demo model: a small one that runs on this machine, and needs no API key, account or network.

llama.cpp runs SmolLM2-135M-Instruct (Apache-2.0) in a child process (child.py, server.py), which speaks the OpenAI
protocol on loopback. requirements-local.txt has the packages with both.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from chat.config import Settings
from chat.providers.answer import CreateResult
from chat.providers.base import AbstractProvider, Messages, Model, Timeouts
from chat.providers.errors import Interrupted, ModelNotFound, Unavailable
from chat.providers.local import machine
from chat.providers.local.child import DAMAGED, INSTALL, UNABLE, Child, Endpoint, find_weights
from chat.providers.local.server import CONTEXT
from chat.providers.openai import OpenAICompatible

MODEL = Model(
    "smollm2-135m",
    "SmolLM2 135M (demo)",
    CONTEXT,
    "This is a tiny demo model and often wrong.",
)
SYSTEM = "Answer in plain English, as a helpful AI assistant."
"""Without a language here, the model answered questions about France in French, and rambled."""

ANSWER_TOKENS = 512
DEFAULTS: dict[str, Any] = {
    "temperature": 0.2,
    "repeat_penalty": 1.15,  # without it, the model repeats itself
    # Report progress after each batch of the question: the server notices a closed connection only when it writes.
    "return_progress": True,
}
NEEDED = 300 * 2**20
"""The memory for the child in bytes: the measured peak of 250 MB, and a reserve."""

MISSING = f"The demo model isn't installed. Run `{INSTALL}`, or connect another model."
SHORT = "The demo model needs {needed} MB of memory; only {free} MB is free. Free some, or connect another model."
STARTING = "Starting the demo model…"
QUEUED = "Waiting: two other answers are being written."
GONE = "The demo model was stopped. It restarts with your next message."


class Local(AbstractProvider):
    """The demo model that comes with Rivulet."""

    name = "The demo model"
    url = "http://127.0.0.1"
    demo = True
    supports_stream = True

    def __init__(self, instance_dir: Path | str, timeouts: Timeouts | None = None):
        self.timeouts = timeouts or Timeouts()
        self._is_unable = machine.lacks_avx2()
        weights = find_weights()
        self.child = Child(Path(instance_dir) / "local-model.lock", weights) if weights else None

    @classmethod
    def from_settings(cls, settings: Settings) -> Self | None:
        """Create the provider if LOCAL_MODEL is `on`, or `auto` without another provider. Otherwise return None."""
        others = settings.openai_api_key or settings.openai_base_url or settings.aivvm_url
        if settings.local_model == "off" or (settings.local_model == "auto" and others):
            return None
        return cls(settings.instance, Timeouts.from_settings(settings))

    @property
    def working(self) -> bool:  # type: ignore[override]
        return self.problem() is None

    def models(self) -> list[Model]:
        return [MODEL]

    def problem(self) -> str | None:
        """Return what is missing: the packages, a capable processor, an undamaged file, or memory to start."""
        if self.child is None:
            return MISSING
        if self.child.is_there():
            return None
        if self._is_unable or self.child.died_of_illegal_instruction():
            return UNABLE
        if self.child.is_damaged():
            return DAMAGED
        free = machine.free_memory()
        if free is not None and free < NEEDED:
            return SHORT.format(needed=NEEDED >> 20, free=free >> 20)
        return None

    def create_completion(self, model: str, messages: Messages, stream: bool, **kwargs: Any) -> CreateResult:
        """Start an answer to the conversation, and the model if it isn't running.

        `system_message` goes before the messages, `max_tokens` is at most 512; other options override the defaults;
        None counts as not given. Raises ModelNotFound for another model.
        """
        if model and model != MODEL.id:
            raise ModelNotFound(f"Unknown model: {model}. Choose another one.")
        return LocalResult(self, messages, stream, add_defaults(messages, kwargs))

    def endpoint(self) -> Endpoint:
        """Return the model's endpoint; start the model if necessary. Raises Unavailable."""
        problem = self.problem()
        if self.child is None or problem:
            raise Unavailable(problem or MISSING)
        return self.child.endpoint(self.timeouts.first_byte)

    def is_running(self) -> bool:
        return self.child is not None and self.child.find_endpoint() is not None

    def has_ended(self) -> bool:
        """Check whether the model's process has ended; its lock can outlive its connections briefly."""
        deadline = time.monotonic() + 0.5
        while self.is_running() and time.monotonic() < deadline:
            time.sleep(0.01)
        if self.child and not self.is_running():
            self.child.await_exit_code(0.5)
        return not self.is_running()

    def close(self) -> None:
        """Stop the model's process if this process started it."""
        if self.child:
            self.child.stop()


def add_defaults(messages: Messages, given: Mapping[str, Any]) -> dict[str, Any]:
    options = {**DEFAULTS, **{name: value for name, value in given.items() if value is not None}}
    options["max_tokens"] = min(options.get("max_tokens", ANSWER_TOKENS), ANSWER_TOKENS)
    if not any(message["role"] == "system" for message in messages):
        options.setdefault("system_message", SYSTEM)
    return options


class LocalResult(CreateResult):
    """An answer of the demo model; `notice` says that the model is starting or busy."""

    def __init__(self, provider: Local, messages: Messages, stream: bool, options: dict[str, Any]):
        super().__init__(MODEL.id)
        self._provider = provider
        self._request = messages, stream, options
        self._answer: CreateResult | None = None

    def pieces(self) -> Iterator[str]:
        self.notice = "" if self._provider.is_running() else STARTING
        endpoint = self._provider.endpoint()
        try:
            yield from self._stream(endpoint)
        except (Interrupted, Unavailable) as error:
            if self._provider.has_ended():
                raise type(error)(self._provider.problem() or GONE) from error
            raise
        finally:
            self.notice = ""

    def _stream(self, endpoint: Endpoint) -> Iterator[str]:
        self.notice = QUEUED if endpoint.is_busy() else ""
        messages, stream, options = self._request
        server = OpenAICompatible(f"{endpoint.url}/v1", endpoint.key, self._provider.timeouts, name=self._provider.name)
        self._answer = server.create_completion(MODEL.id, messages, stream, **options)
        self._answer.listen(self.think)
        if self._closed:
            return
        try:
            for piece in self._answer.pieces():
                self.notice = ""
                yield piece
        finally:
            answer = self._answer
            self.finish_reason, self.usage, self.aside = answer.finish_reason, answer.usage, answer.aside

    def close(self) -> None:
        """Cancel the answer; the model can serve the next one at once."""
        super().close()
        if self._answer:
            self._answer.close()
