"""The reasoning before an answer, live: an open fold that grows, and that closes when the answer begins."""

from __future__ import annotations

from markupsafe import Markup, escape

from chat.conversations import Reply
from chat.routes.streaming.responses import Subscription
from chat.routes.streaming.sse_format import partial


class ReasoningFold:
    """What one page shows of the reasoning of a reply while it is written.

    A continued reply has a fold of its earlier reasoning, too. Then the finished article replaces both.
    """

    def __init__(self, subscription: Subscription, reply: Reply):
        self._subscription = subscription
        subscription.follower.listens = True
        self._scope = f"#reply-{reply.id}"
        self._is_kept = not reply.reasoned
        self._form: str | None = None
        self._label = ""

    def news(self) -> list[Markup]:
        """Return the partials that bring the page up to date; the first ones replace all that it shows."""
        said, before = self._subscription.follower.next_thought(), self._form
        live = self._subscription.follower.shown
        is_shown = bool(said or before)
        self._form = ("folded" if live.stored else "open") if is_shown else ""
        more = [partial(f"{self._scope}-thoughts", "beforeend", escape(said))] if before and said else []
        if self._form != before:
            return [*more, partial(f"{self._scope}-thinking", "innerHTML", self._fold("" if before else said))]
        return more + self._tick()

    def _tick(self) -> list[Markup]:
        label, before = thinking_label(self._subscription), self._label
        if self._form != "open" or label == before:
            return []
        self._label = label
        return [partial(f"{self._scope}-thinking-time", "innerHTML", escape(label))]

    def _fold(self, thoughts: str) -> Markup:
        """Render the fold; one that the page shows already keeps its thoughts."""
        if not self._form:
            return Markup()
        self._label = thinking_label(self._subscription)
        if self._form == "open":
            return self._subscription.render("messages/_thinking.html", label=self._label, thoughts=thoughts)
        return fold(self._subscription, named=self._is_kept, live=True, shown=not thoughts, thoughts=thoughts)


def thinking_label(subscription: Subscription) -> str:
    seconds = subscription.follower.shown.thought_for
    return "Thinking…" if seconds is None else f"Thinking… {seconds:.0f} s"


def fold(subscription: Subscription, **how: str | bool) -> Markup:
    """Render the closed fold of reasoning whose answer has begun."""
    seconds = subscription.follower.shown.thought_for
    message = {"id": subscription.reply_id, "reasoning_ms": None if seconds is None else round(seconds * 1000)}
    return subscription.render("messages/_reasoning.html", message=message, **how)
