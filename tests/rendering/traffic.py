"""Measure an answer's cost: `python -m tests.rendering.traffic` prints bytes sent for each byte of text, and CPU."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from markupsafe import Markup

from chat import rendering
from chat.routes.streaming.sse_format import event, partial

RATE = 20
SIZE = 4.5
"""Tokens in a second, and characters in a token."""

VOCABULARY = """
    the of and to in is that for it with as on are this by be from or an which can will has more when water river
    stream model answer data table value because result example between important however system process different
"""
WORDS = VOCABULARY.split()

CODE = '''
def settle(account, amount, currency="EUR"):
    """Move an amount into an account, and say what is left."""
    if amount <= 0:
        raise ValueError(f"{amount} is no amount")
    for entry in account.entries:  # the oldest first
        if entry.currency == currency and not entry.closed:
            entry.amount += amount
    return sum(entry.amount for entry in account.entries)

'''

chance = random.Random(4)


def words(least: int, most: int) -> str:
    """Write a random phrase."""
    return " ".join(chance.choices(WORDS, k=chance.randint(least, most)))


def sentence() -> str:
    """Write a random sentence; one in four contains an emphasis."""
    marked = chance.choice(["**{}**", "*{}*", "`{}`", "{}", "{}", "{}", "{}", "{}", "{}", "{}", "{}", "{}"])
    return f"{words(3, 9)} {marked.format(words(1, 3))} {words(2, 8)}. ".capitalize()


KINDS: dict[str, tuple[str, Callable[[], str]]] = {
    "prose": ("", lambda: "".join(sentence() for _ in range(chance.randint(3, 6))) + "\n\n"),
    "list": ("Here it is:\n\n", lambda: f"- **{words(1, 2)}**: {words(3, 8)}\n"),
    "plain list": ("", lambda: f"- {words(4, 9)}\n"),
    "loose list": ("", lambda: f"1. **{words(1, 2)}**: {words(6, 12)}\n\n"),
    "table": ("| Name | What | Why |\n|---|---|---|\n", lambda: f"| {words(1, 2)} | {words(2, 4)} | {words(2, 5)} |\n"),
    "fence": ("```\n", lambda: CODE),
    "python": ("```python\n", lambda: CODE),
}


def text_of(kind: str, tokens: int) -> str:
    """Write a random answer."""
    text, more = KINDS[kind]
    while len(text) < tokens * SIZE:
        text += more()
    return text + ("```\n" if "```" in text else "")


def tokens_of(text: str) -> list[str]:
    """Split a text at its words, and long words in the middle; a token holds 4 or 5 characters."""
    tokens, start = [], 0
    while start < len(text):
        end = start + chance.choice((3, 4, 4, 5, 6))
        space = text.find(" ", start + 2, end + 1)
        end = space if space > 0 else end
        tokens.append(text[start:end])
        start = end
    return tokens


def events_of(text: str) -> list[str]:
    """Return an answer's events, fed at RATE with a fake clock, without the events of its article."""
    growing, now, events = rendering.IncrementalRenderer("m42"), 0.0, []
    events.append(event(partial("#reply-42-body", "innerHTML", Markup().join(growing.begin([], now)))))
    for token in tokens_of(text):
        while growing.due and growing.due < now + 1 / RATE:
            now = max(now, growing.due)
            events += map(event, growing.feed("", now))
        now += 1 / RATE
        events += map(event, growing.feed(token, now))
    messages, shown = growing.end()
    events += map(event, messages)
    whole = rendering.render(text, "m42")
    return [*events, "" if shown == rendering.digest(whole) else event(whole)]


def main() -> None:
    """Print a line for each kind: bytes for each byte of text at four lengths, and the growth of CPU from 1k to 8k
    tokens."""
    for kind in KINDS:
        line, spent = f"{kind:12}", {}
        for tokens in (1000, 2000, 4000, 8000):
            text = text_of(kind, tokens)
            start = time.process_time()
            events = events_of(text)
            spent[tokens] = time.process_time() - start
            sent = sum(len(event.encode()) for event in events)
            line += f" {sent / len(text.encode()):6.2f}{'*' if events[-1] else ' '}"
        print(f"{line}  CPU 1k {spent[1000]:.2f} s, 8k : 1k {spent[8000] / spent[1000]:.1f}")


if __name__ == "__main__":
    main()
