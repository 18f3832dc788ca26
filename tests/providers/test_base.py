"""Test the contract of results and errors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chat.providers.answer import CreateResult
from chat.providers.base import AbstractProvider, Messages, Model
from chat.providers.errors import Interrupted, ModelNotFound, ProviderError


class Scripted(CreateResult):
    """Says its script, one step at a time, and counts the steps."""

    def __init__(self, *script: str | ProviderError):
        super().__init__("a-model")
        self.script = script
        self.steps = 0

    def pieces(self) -> Iterator[str]:
        for step in self.script:
            self.steps += 1
            if isinstance(step, ProviderError):
                raise step
            yield step


def test_nothing_is_read_before_the_first_piece_is_asked_for():
    result = Scripted("Hel", "lo")
    before = result.steps

    first = next(iter(result))

    assert (before, first, result.steps) == (0, "Hel", 1)


def test_iterating_again_gives_the_same_pieces_and_reads_nothing_twice():
    result = Scripted("Hel", "lo")

    first, second = list(result), list(result)

    assert first == second == ["Hel", "lo"]
    assert result.steps == 2


def test_an_iteration_that_was_left_early_can_be_gone_on_with():
    result = Scripted("a", "b", "c")

    next(iter(result))

    assert list(result) == ["a", "b", "c"]


def test_two_iterations_at_once_share_the_pieces():
    result = Scripted("a", "b", "c")
    one, other = iter(result), iter(result)

    said = [next(one), next(other), next(other), next(one), next(one), next(other)]

    assert said == ["a", "a", "b", "b", "c", "c"]


def test_text_and_str_read_to_the_end():
    result = CreateResult("a-model", ["Hel", "lo"])

    assert (result.text, str(result), result.model) == ("Hello", "Hello", "a-model")


def test_an_error_comes_again_at_the_same_place():
    result = Scripted("Hel", Interrupted("It broke off."))

    for _ in range(2):
        said = []
        with pytest.raises(Interrupted, match="It broke off"):
            for piece in result:
                said.append(piece)
        assert said == ["Hel"]


def test_a_closed_result_ends_quietly_and_keeps_what_was_said():
    result = Scripted("Hel", "lo")
    next(iter(result))

    result.close()

    assert list(result) == ["Hel"]


def test_a_piece_that_comes_after_closing_is_dropped():
    class Late(CreateResult):
        def pieces(self) -> Iterator[str]:
            yield "before"
            self.close()
            yield "after"

    assert list(Late("a-model")) == ["before"]


def test_an_error_that_comes_after_closing_is_quiet():
    class Late(CreateResult):
        def pieces(self) -> Iterator[str]:
            yield "before"
            self.close()
            raise Interrupted("Nobody hears this.")

    assert list(Late("a-model")) == ["before"]


def test_leaving_the_context_closes():
    with Scripted("Hel", "lo") as result:
        next(iter(result))

    assert list(result) == ["Hel"]


def test_an_answer_without_an_end_is_cut(monkeypatch):
    monkeypatch.setattr("chat.providers.answer.ANSWER_LIMIT", 10)
    result = Scripted("12345", "67890", "1", "2")
    said = []

    with pytest.raises(Interrupted, match="cut off"):
        for piece in result:
            said.append(piece)

    assert "".join(said) == "1234567890"
    assert result.steps == 3


def test_a_model_that_is_not_found_is_a_value_error_and_a_provider_error():
    assert issubclass(ModelNotFound, ValueError)
    assert issubclass(ModelNotFound, ProviderError)


def test_a_provider_without_create_completion_can_not_be_made():
    class Nothing(AbstractProvider):
        pass

    with pytest.raises(TypeError):
        Nothing()  # type: ignore[abstract]


def test_thoughts_are_kept_beside_the_text_with_the_moment_they_began():
    result = CreateResult("small", ["So."])
    assert (result.reasoning, result.thinking_since) == ("", None)

    result.think("")
    assert result.thinking_since is None
    result.think("Let me ")
    began = result.thinking_since
    result.think("see.")

    assert began is not None and result.thinking_since == began
    assert (result.text, result.reasoning) == ("So.", "Let me see.")


def test_who_listens_hears_each_thought_as_it_comes():
    heard: list[str] = []
    result = CreateResult("small", ["<think>Hm. ", "Let me see.</think>So."])
    result.listen(heard.append)

    first = next(iter(result))

    assert (first, heard) == ("So.", ["Hm. ", "Let me see."])


def test_the_window_of_a_model_is_what_a_refusal_told_for_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    class Listing(AbstractProvider):
        def create_completion(self, model: str, messages: Messages, stream: bool, **kwargs: object) -> CreateResult:
            return CreateResult(model)

        def models(self) -> list[Model]:
            return [Model("a", "A", 131_072), Model("b", "B")]

    provider, other = Listing(), Listing()
    provider.learn_window("a", 8_192)
    provider.learn_window("b", 4_096)
    told = [provider.window("a"), provider.window("b"), other.window("a"), other.window("b"), provider.window("c")]
    monkeypatch.setattr("chat.providers.base.WINDOW_LIFETIME", -1.0)
    provider.learn_window("a", 8_192)

    assert told == [8_192, 4_096, 131_072, None, None]
    assert provider.window("a") == 131_072
