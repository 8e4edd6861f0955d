"""Counts the calls that use a client, so that the last of them closes it."""

from __future__ import annotations

import threading


class UseCount:
    """
    How many calls use a client at present, and whether the client is discarded.

    A discarded client takes no new calls, and is closed when the last call has left it. Exactly one of :meth:`leave`
    and :meth:`discard` returns True, and whoever receives that closes the client.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls = 0
        self._is_discarded = False

    def enter(self) -> bool:
        """Count a call that begins; return False, and count nothing, if the client is discarded."""
        with self._lock:
            if self._is_discarded:
                return False
            self._calls += 1
            return True

    def leave(self) -> bool:
        """Count a call no more; return whether the client is to be closed now."""
        with self._lock:
            self._calls -= 1
            return self._is_discarded and self._calls == 0

    def discard(self) -> bool:
        """Let no further call begin; return whether the client is to be closed now."""
        with self._lock:
            is_first, self._is_discarded = not self._is_discarded, True
            return is_first and self._calls == 0
