"""The backlog: what replies have said that isn't stored yet, or may not be."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from chat.replies.live import OwnedReply
from chat.replies.log import Ending, ReplyUpdate


class Backlog:
    """Filled by generations, from any thread; emptied by the writer alone."""

    def __init__(self) -> None:
        self._said: deque[tuple[OwnedReply, str | Ending]] = deque()
        self._unsettled: dict[OwnedReply, ReplyUpdate] = {}

    def put(self, reply: OwnedReply, said: str | Ending) -> None:
        """Add a piece of text, or the end of a reply."""
        self._said.append((reply, said))

    def requeue(self, reply: OwnedReply, item: ReplyUpdate) -> None:
        """Take back news that could not be stored, or whose storing was not confirmed."""
        self._unsettled[reply] = item

    @property
    def has_unsettled(self) -> bool:
        """Tell whether any news were taken back."""
        return bool(self._unsettled)

    def take(self, holds: Callable[[OwnedReply], bool]) -> dict[OwnedReply, ReplyUpdate]:
        """Give the news of the replies that the writer still `holds`.

        What was taken back comes first and as it was: some of it may be stored, and a piece keeps its number.
        """
        news, self._unsettled = self._unsettled, {}
        for reply, (pieces, ending) in self._gather().items():
            item = news.setdefault(reply, ReplyUpdate(reply.id, reply.owner, len(reply.stored), []))
            item.pieces += ["".join(pieces)] if pieces else []  # one row to store, and to read again
            item.ending = ending or item.ending
        return {reply: item for reply, item in news.items() if holds(reply)}

    def _gather(self) -> dict[OwnedReply, tuple[list[str], Ending | None]]:
        gathered: dict[OwnedReply, tuple[list[str], Ending | None]] = {}
        for reply, said in [self._said.popleft() for _ in range(len(self._said))]:
            pieces, ending = gathered.get(reply, ([], None))
            if isinstance(said, Ending):
                ending = said
            else:
                pieces.append(said)
            gathered[reply] = pieces, ending
        return gathered
