"""The backlog: text and endings of replies that aren't stored yet, or perhaps not."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from chat.replies.live import OwnedReply
from chat.replies.log import Ending, ReplyUpdate, Thought


class Backlog:
    """A queue that generations fill from any thread and the writer alone empties.

    `unsettled` holds updates that could not be stored, or whose COMMIT was not confirmed.
    """

    def __init__(self) -> None:
        self._said: deque[tuple[OwnedReply, str | Ending]] = deque()
        self.unsettled: dict[OwnedReply, ReplyUpdate] = {}

    def put(self, reply: OwnedReply, said: str | Ending) -> None:
        """Add a piece of text, a Thought, or the end of a reply."""
        self._said.append((reply, said))

    def take(self, holds: Callable[[OwnedReply], bool]) -> dict[OwnedReply, ReplyUpdate]:
        """Take the updates of the replies that the writer still `holds`.

        Unsettled ones come first and unchanged: parts of them may be stored, and a piece keeps its number.
        """
        said: dict[OwnedReply, list[str | Ending]] = {}
        for reply, word in [self._said.popleft() for _ in range(len(self._said))]:
            said.setdefault(reply, []).append(word)
        updates, self.unsettled = self.unsettled, {}
        for reply, words in said.items():
            first = ReplyUpdate(reply.id, reply.owner, len(reply.stored), [], heard=len(reply.thoughts))
            update = updates.setdefault(reply, first)
            for pieces, is_thought in ((update.pieces, False), (update.thoughts, True)):
                said_so = (word for word in words if isinstance(word, str) and isinstance(word, Thought) is is_thought)
                if text := "".join(said_so):
                    pieces.append(text)  # one row is cheaper to store and to read
            update.ending = next((word for word in words if isinstance(word, Ending)), update.ending)
        return {reply: update for reply, update in updates.items() if holds(reply)}
