"""Test reasoning in tags: any split of an answer gives the same result, without loss. The quirks show the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.providers.answer import RETRACTED, CreateResult, without_thoughts
from chat.providers.errors import Interrupted
from chat.providers.thoughts import CLOSING, IN_DOUBT, PAIRS

WORDS = st.sampled_from(
    [
        *PAIRS,
        *CLOSING,
        "[THINK]",
        "[/THINK]",
        "<THINK>",
        "<",
        "</",
        "`",
        "``",
        "```",
        "~~~",
        "\n",
        "\n\n",
        " ",
        "- ",
        "a",
        "水",
        "◁",
    ]
)
ANSWERS = st.lists(WORDS, max_size=14).map("".join)


def told(pieces: list[str]) -> tuple[str, str]:
    result = CreateResult("a-model", pieces)
    return result.text, result.reasoning


@given(ANSWERS, st.data())
def test_an_answer_is_told_apart_in_the_same_way_however_it_is_cut(answer: str, data: st.DataObject) -> None:
    places = sorted(data.draw(st.lists(st.integers(0, len(answer)), max_size=6)))
    pieces = [answer[start:end] for start, end in zip([0, *places], [*places, len(answer)], strict=True)]

    assert told(pieces) == told([answer]) == told(list(answer))


@given(st.text(alphabet="ab <>/`~\n[]水"))
def test_an_answer_without_tags_is_left_as_it_is(answer: str) -> None:
    assert told(list(answer)) == (answer, "")
    assert without_thoughts(answer) == answer


@given(ANSWERS)
def test_no_letter_of_an_answer_is_lost(answer: str) -> None:
    text, thought = told([answer])

    assert (text + thought).count("水") == answer.count("水")


@pytest.mark.parametrize(
    ("answer", "thoughts"),
    [
        ("<think>one</think>A<think>two</think>B", "one\n\ntwo"),
        ("A\n<think>one\n</think>\n<think>\ntwo</think>B", "one\n\n\ntwo"),
        ("one</think>A <think>two</think>B", "one\n\ntwo"),
    ],
)
def test_a_blank_line_parts_one_thought_from_the_next(answer: str, thoughts: str) -> None:
    assert told([answer])[1] == told(list(answer))[1] == thoughts


def test_words_that_turn_out_to_be_thoughts_are_taken_back() -> None:
    result = CreateResult("a-model", ["Hm, ", "so.</think>", "Answer"])

    assert list(result) == ["Hm, ", "", RETRACTED, "Answer"]
    assert list(result) == ["", "", RETRACTED, "Answer"]  # a later reader sees no reasoning
    assert (result.text, result.reasoning) == ("Answer", "Hm, so.")


def test_nothing_is_taken_back_once_a_thought_was_told_in_a_field() -> None:
    result = CreateResult("a-model", ["Hel</think>lo"])
    result.think("Hm.")

    assert (result.text, result.reasoning) == ("Hello", "Hm.")


def test_what_was_held_back_comes_before_an_error() -> None:
    def pieces():
        yield "Hel <thi"
        raise Interrupted("The line broke.")

    result, said = CreateResult("a-model"), []
    result.pieces = pieces  # type: ignore[method-assign]

    with pytest.raises(Interrupted):
        for piece in result:
            said.append(piece)

    assert "".join(said) == "Hel <thi"


def test_a_thought_that_opens_within_a_line_is_not_held_back_without_an_end() -> None:
    result = CreateResult("a-model", ["So <think> ", *["x" * 1000] * (IN_DOUBT // 1000), "</think>y"])

    assert (result.text, len(result.reasoning)) == ("So y", IN_DOUBT)


def test_a_thought_that_is_shown_as_it_comes_says_since_when() -> None:
    result = CreateResult("a-model", ["<think>Hm", "</think>", "Hello"])

    next(iter(result))

    assert result.thinking_since is not None
