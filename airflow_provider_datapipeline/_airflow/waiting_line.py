"""A line of coroutines that wait, the most urgent one first."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class WaitingLine:
    """Coroutines that wait for their turn in one event loop. The lowest number comes first; equals keep their order."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def __bool__(self) -> bool:
        return bool(self._heap)

    def join(self, urgency: float) -> asyncio.Future[None]:
        """Take a place in the line; return the turn, to be awaited with :func:`await_turn`."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._heap, (urgency, next(self._order), turn))
        return turn

    def wake_first(self) -> bool:
        """Give the first one its turn; return False if nobody waits any more."""
        while self._heap:
            *_, turn = heapq.heappop(self._heap)
            if not turn.done():  # a turn that is done belongs to a coroutine that was canceled
                turn.set_result(None)
                return True
        return False


async def await_turn(turn: asyncio.Future[None], give_back: Callable[[], None]) -> None:
    """
    Wait for a turn.

    :param give_back: called if the waiting coroutine is canceled when it has just been given its turn
    """
    try:
        await turn
    except asyncio.CancelledError:
        if turn.done() and not turn.cancelled():
            give_back()
        raise
