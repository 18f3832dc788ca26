"""The backlog: what replies have said that isn't stored yet, or may not be."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from chat.replies.log import Ending, News
from chat.replies.running import Running


class Backlog:
    """Filled by generations, from any thread; emptied by the writer alone."""

    def __init__(self) -> None:
        self._said: deque[tuple[Running, str | Ending]] = deque()
        self._unsettled: dict[Running, News] = {}

    def put(self, running: Running, said: str | Ending) -> None:
        """Add a piece of text, or the end of a reply."""
        self._said.append((running, said))

    def keep(self, running: Running, item: News) -> None:
        """Take back news that could not be stored, or whose storing was not confirmed."""
        self._unsettled[running] = item

    @property
    def is_kept_up(self) -> bool:
        """Tell whether any news were taken back."""
        return bool(self._unsettled)

    def take(self, holds: Callable[[Running], bool]) -> dict[Running, News]:
        """Give the news of the replies that the writer still `holds`.

        What was taken back comes first and as it was: some of it may be stored, and a piece keeps its number.
        """
        news, self._unsettled = self._unsettled, {}
        for running, (pieces, ending) in self._gathered().items():
            item = news.setdefault(running, News(running.id, running.owner, len(running.stored), []))
            item.pieces += ["".join(pieces)] if pieces else []  # one row to store, and to read again
            item.ending = ending or item.ending
        return {running: item for running, item in news.items() if holds(running)}

    def _gathered(self) -> dict[Running, tuple[list[str], Ending | None]]:
        gathered: dict[Running, tuple[list[str], Ending | None]] = {}
        for running, said in [self._said.popleft() for _ in range(len(self._said))]:
            pieces, ending = gathered.get(running, ([], None))
            if isinstance(said, Ending):
                ending = said
            else:
                pieces.append(said)
            gathered[running] = pieces, ending
        return gathered
