"""Thoughts in tags: told apart from the text of an answer as it comes.

Where a server leaves a model's `<think>...</think>` in the text, we read it as Open WebUI does: an opening tag counts
anywhere but in code, whatever the number of thoughts. The first closing tag ends a thought, and a thought that never
ends is one to the end (as vLLM and llama.cpp have it). There are two rules beside that:

- A closing tag without an opening one says that all before it was thought: the model's template had put the opening tag
  into the prompt (DeepSeek R1, QwQ). That holds for the first tag of an answer; a later one is left out.
- A tag that opens in the middle of a line and never closes is part of a sentence about tags, and stays text.

In backticks and in fences a tag is text. Blanks around a tag are left out. A blank line parts one thought from the
next.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from enum import Enum

NAMES = ("think", "thinking", "thought", "thoughts", "reason", "reasoning", "seed:think", "antthinking")
PAIRS = {f"<{name}>": f"</{name}>" for name in NAMES} | {
    "◁think▷": "◁/think▷",
    "[think]": "[/think]",
    "<|begin_of_thought|>": "<|end_of_thought|>",
    "<|start_thinking|>": "<|end_thinking|>",
}
"""Opening and closing tags, in lower case: Qwen and DeepSeek, Gemini, Seed, Kimi, Magistral, OpenThinker, Cohere."""

CLOSING = frozenset(PAIRS.values())
BEGINNINGS = frozenset(tag[:size] for tag in (*PAIRS, *CLOSING) for size in range(1, len(tag)))
LONGEST = max(map(len, BEGINNINGS))

TAG = "|".join(
    re.escape(tag.upper()) if tag.startswith("[") else f"(?i:{re.escape(tag)})" for tag in (*PAIRS, *CLOSING)
)
MARK, MARK_IN_FENCE, MARK_IN_CODE = re.compile(r"[<`◁\[~]"), re.compile(r"[`~]"), re.compile(r"[`\n]")
"""Text without one of these holds no tag and no code, or goes on with the code that is open."""
TOKEN = re.compile(rf"`+|~~~+|\n[ \t]*\n|{TAG}")
CLOSERS = {tag: re.compile(re.escape(tag), re.IGNORECASE) for tag in CLOSING}
UNENDED = re.compile(r"(?:`+|~+|(?:\n[ \t]*)+)\Z")
"""What the next piece may make longer."""
LINE_START = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?\Z")
LINE_SEEN = 64
"""How much of a line is kept, in characters: nothing begins further right."""

APART = "\n\n"
"""What stands between two thoughts."""

IN_DOUBT = 200_000
"""How long a thought may be that opened in the middle of a line, in characters, before it is taken for one."""


class Kind(Enum):
    """What a part of an answer is; all text before a RETRACTED is a thought."""

    TEXT = "text"
    THOUGHT = "thought"
    RETRACTED = "retracted"


Part = tuple[Kind, str]


class Thoughts:
    """Tells the text and the thoughts of one answer apart, however it is cut into pieces."""

    def __init__(self) -> None:
        self._held = ""  # may be the beginning of a tag
        self._line = ""  # the end of the text before
        self._code = ""  # the backticks or tildes that opened code
        self._mark = MARK  # what may begin or end something
        self._closing = ""  # what ends the thought that is open
        self._gap = ""  # what parts the next thought from the one before
        self._doubt: list[str] | None = None  # that thought and its tag, where it may be text
        self._after_tag = self._said = self._seen_tag = False

    def kind_of(self, text: str) -> Kind | None:
        """Tell what all of a piece is, and take it, where that can be seen at once; else None."""
        if self._held or self._after_tag or self._mark.search(text):
            return None
        if self._closing:
            return Kind.THOUGHT if self._doubt is None else None
        if not self._said:
            return None
        self._line = (self._line + text)[-LINE_SEEN:]
        return Kind.TEXT

    def parts(self, text: str) -> Iterator[Part]:
        """Take the next piece, and yield what is known by it."""
        rest, self._held = self._held + text, ""
        while rest:
            rest = yield from self._thought(rest) if self._closing else self._text(rest)

    def rest(self) -> Iterator[Part]:
        """Yield what was held back, at the end of the answer."""
        held, self._held = self._held, ""
        if self._doubt is not None:
            yield Kind.TEXT, "".join([*self._doubt, held])
        elif held:
            yield (Kind.THOUGHT if self._closing else Kind.TEXT), held

    def _text(self, rest: str) -> Generator[Part, None, str]:
        """Yield text up to the next tag, and return what follows that."""
        end = self._sure(rest)
        for token in TOKEN.finditer(rest, 0, end):
            before, found = rest[: token.start()], token[0]
            if found[0] in "`~\n":
                self._note_code(found, self._line + before)
            elif not self._code:
                yield from self._say(before)
                yield from self._note_tag(found)
                return rest[token.end() :]
        if not self._said and rest[:end].isspace():
            end = 0
        self._held = rest[end:]
        yield from self._say(rest[:end])
        return ""

    def _thought(self, rest: str) -> Generator[Part, None, str]:
        """Yield a thought up to its closing tag, and return what follows that."""
        found = CLOSERS[self._closing].search(rest)
        end = found.start() if found else self._sure(rest)
        thought = rest[:end] if self._doubt is None else self._take_doubtful(rest[:end], found is not None)
        if thought := self._without_blanks(thought):
            yield Kind.THOUGHT, self._gap + thought
            self._gap = ""
        if not found:
            self._held = rest[end:]
            return ""
        self._closing, self._after_tag, self._gap = "", True, APART
        return rest[found.end() :]

    def _take_doubtful(self, thought: str, closed: bool) -> str:
        """Keep a thought that may be text; give all of it once it is none."""
        assert self._doubt is not None
        self._doubt.append(thought)
        if not closed and sum(map(len, self._doubt)) < IN_DOUBT:
            return ""
        whole, self._doubt = "".join(self._doubt[1:]), None
        return whole

    def _say(self, text: str) -> Iterator[Part]:
        text = self._without_blanks(text)
        if text and (self._said or not text.isspace()):
            self._said = True
            self._line = (self._line + text)[-LINE_SEEN:]
            yield Kind.TEXT, text

    def _without_blanks(self, text: str) -> str:
        if self._after_tag:
            text = text.lstrip()
            self._after_tag = not text
        return text

    def _note_tag(self, found: str) -> Iterator[Part]:
        tag = found.lower()
        opens, first, self._seen_tag = tag in PAIRS, not self._seen_tag, True
        self._after_tag = opens or first
        if opens:
            self._closing = PAIRS[tag]
            self._doubt = [found] if self._line.rpartition("\n")[2].strip() else None
        elif first and self._said:
            self._line, self._gap = "", APART
            yield Kind.RETRACTED, ""

    def _note_code(self, found: str, before: str) -> None:
        """Note where code begins and ends; inline code ends with its paragraph at the latest."""
        if found[0] == "\n":
            self._code = self._code if self._is_fence() else ""
        elif self._is_fence():
            ends = found.startswith(self._code[:-1]) and starts_line(before)
            self._code = "" if ends else self._code
        elif self._code:
            self._code = "" if found == self._code else self._code
        elif len(found) > 2 and starts_line(before):
            self._code = f"{found}\n"
        elif found[0] == "`":
            self._code = found
        self._mark = MARK_IN_FENCE if self._is_fence() else MARK_IN_CODE if self._code else MARK

    def _is_fence(self) -> bool:
        return self._code.endswith("\n")

    def _sure(self, rest: str) -> int:
        """Tell how far it is known what is text: the end may be the beginning of a tag."""
        last = max(rest.rfind(sign, -LONGEST) for sign in "<◁[")
        if last >= 0 and rest[last:].lower() in BEGINNINGS:
            return last
        codes = not self._closing and (self._code or "`" in rest or "~" in rest)
        unended = UNENDED.search(rest) if codes else None
        return unended.start() if unended else len(rest)


def starts_line(before: str) -> bool:
    """Tell whether a fence may begin after that."""
    line = before.rpartition("\n")[2]
    return len(line) < LINE_SEEN and LINE_START.match(line) is not None
