"""Thoughts in tags: separates reasoning from the text of an answer while it arrives.

Some servers leave a model's `<think>...</think>` in the text. We read it as Open WebUI does: an opening tag counts
anywhere but in code, and an answer can hold any number of thoughts. The first closing tag ends a thought. A thought
without a closing tag lasts to the end of the answer (as in vLLM and llama.cpp). There are two more rules:

- A closing tag without an opening one turns all text before it into a thought: the opening tag was in the prompt
  (DeepSeek R1, QwQ). This applies to the first tag of an answer only; a later one is dropped.
- A tag that opens in the middle of a line and never closes is part of a sentence about tags, and stays text.

Tags in backticks and fences are text. Blanks around a tag are dropped. A blank line separates two thoughts.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator

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
"""Text without any of these marks neither opens nor closes a tag or code."""
TOKEN = re.compile(rf"`+|~~~+|\n[ \t]*\n|{TAG}")
CLOSERS = {tag: re.compile(re.escape(tag), re.IGNORECASE) for tag in CLOSING}
UNENDED = re.compile(r"(?:`+|~+|(?:\n[ \t]*)+)\Z")
"""An end of text that the next piece can lengthen."""
LINE_START = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?\Z")
LINE_SEEN = 64
"""How much of a line is remembered, in characters: no fence begins further right."""

GAP = "\n\n"  # between two thoughts

IN_DOUBT = 200_000
"""After how many characters a tag that opened in the middle of a line counts as a thought even if it never closes."""


TEXT, THOUGHT, RETRACTION = "text", "thought", "retraction"
"""The kinds of parts; a retraction turns all text before it into a thought."""

Part = tuple[str, str]


class Thoughts:
    """Separates the text and the thoughts of one answer, wherever the pieces are cut."""

    def __init__(self) -> None:
        self._held = ""  # an end that could be the beginning of a tag
        self._line = ""  # the end of the text before
        self._code = ""  # the backticks or tildes that opened the code
        self._mark = MARK  # finds what can begin or end a tag or code
        self._closing = ""  # the tag that closes the open thought
        self._gap = ""  # the separator before the next thought
        self._doubt: list[str] | None = None  # a thought that could be text, with its tag
        self._after_tag = self._said = self._seen_tag = False

    def parts(self, text: str) -> Iterable[Part]:
        """Split the next piece into parts; hold back an end that could be the beginning of a tag."""
        if not (self._held or self._after_tag or self._mark.search(text)):
            if self._closing and self._doubt is None:
                return ((THOUGHT, text),)
            if not self._closing and (self._said or text.strip()):
                self._said = True
                self._line = (self._line + text)[-LINE_SEEN:]
                return ((TEXT, text),)
        return self._split(text)

    def _split(self, text: str) -> Iterator[Part]:
        rest, self._held = self._held + text, ""
        while rest:
            rest = yield from self._thought(rest) if self._closing else self._text(rest)

    def rest(self) -> Iterator[Part]:
        """Yield the text that was held back, at the end of the answer."""
        held, self._held = self._held, ""
        if self._doubt is not None:
            yield TEXT, "".join([*self._doubt, held])
        elif held:
            yield (THOUGHT if self._closing else TEXT), held

    def _text(self, rest: str) -> Generator[Part, None, str]:
        """Yield text up to the next tag, and return the text after the tag."""
        end = self._certain_length(rest)
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
        """Yield a thought up to its closing tag, and return the text after the tag."""
        found = CLOSERS[self._closing].search(rest)
        end = found.start() if found else self._certain_length(rest)
        thought = rest[:end] if self._doubt is None else self._hold_doubtful(rest[:end], found is not None)
        if thought := self._without_blanks(thought):
            yield THOUGHT, self._gap + thought
            self._gap = ""
        if not found:
            self._held = rest[end:]
            return ""
        self._closing, self._after_tag, self._gap = "", True, GAP
        return rest[found.end() :]

    def _hold_doubtful(self, thought: str, closed: bool) -> str:
        """Hold back a thought that could be text; return all of it once it is certain."""
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
            yield TEXT, text

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
            self._line, self._gap = "", GAP
            yield RETRACTION, ""

    def _note_code(self, found: str, before: str) -> None:
        """Update whether code is open; inline code ends with its paragraph at the latest."""
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

    def _certain_length(self, rest: str) -> int:
        """Return how much is certain; the rest could be the beginning of a tag."""
        last = max(rest.rfind(sign, -LONGEST) for sign in "<◁[")
        if last >= 0 and rest[last:].lower() in BEGINNINGS:
            return last
        codes = not self._closing and (self._code or "`" in rest or "~" in rest)
        unended = UNENDED.search(rest) if codes else None
        return unended.start() if unended else len(rest)


def starts_line(before: str) -> bool:
    line = before.rpartition("\n")[2]
    return len(line) < LINE_SEEN and LINE_START.match(line) is not None
