"""
Ends process sessions, whoever is left in them: called in-process to stop a component, and run as a process of its own
(``python guard.py``) that reads session ids from its input and ends them when that input ends, even by SIGKILL of the
process that started it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import psutil  # type: ignore[import-untyped]  # a dependency of Airflow, without type information

if TYPE_CHECKING:
    from collections.abc import Collection


def members(session: int) -> list[int]:
    """
    Process ids that belong to the session, its leader included, and the descendants that have left it.

    A task may start a session of its own (BashOperator does), and then only descent tells that it belongs.
    """
    found = {pid for pid in psutil.pids() if _session_of(pid) == session}
    for pid in list(found):
        with contextlib.suppress(psutil.Error):
            found.update(child.pid for child in psutil.Process(pid).children(recursive=True))
    return sorted(pid for pid in found if runs(pid))


def end_sessions(sessions: Collection[int], *, grace: float) -> None:
    """Ask each session leader to stop; after ``grace`` seconds kill what is left of all the sessions."""
    known = {pid for session in sessions for pid in members(session)}
    for session in sessions:
        send(session, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and any(runs(pid) for pid in known):
        time.sleep(0.05)
    # Killed until nothing is left: a process may have been starting another one just now.
    while known := {pid for session in sessions for pid in members(session)} | {pid for pid in known if runs(pid)}:
        for pid in known:
            send(pid, signal.SIGKILL)
        time.sleep(0.05)


def parent_of(pid: int) -> int:
    """Process id of the parent."""
    return int(psutil.Process(pid).ppid())


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def runs(pid: int) -> bool:
    """Whether the process exists and has not ended; one that has may stay on as a zombie."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def send(pid: int, number: int) -> None:
    """Signal a process, if it is still there."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def main() -> None:
    """Keep the session ids of the input, one per line, ``-id`` to forget one; when the input ends, end them."""
    sessions: set[int] = set()
    for line in sys.stdin:
        number = int(line)
        if number > 0:
            sessions.add(number)
        else:
            sessions.discard(-number)
    end_sessions(sessions, grace=3)


if __name__ == "__main__":
    main()
