"""
Ends process sessions with every process in them.

The harness calls these functions to stop a component. It also runs this file as a process (``python guard.py``), which
reads session ids from its input, and ends these sessions when the input ends. The input ends even if SIGKILL ends the
process that started the guard.
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
    Return the ids of the processes in a session, its leader included, and of their descendants in other sessions.

    A task may start a session of its own, as BashOperator does. Only its parent then shows that it belongs here.
    """
    found = {pid for pid in psutil.pids() if _session_of(pid) == session}
    for pid in list(found):
        with contextlib.suppress(psutil.Error):
            found.update(child.pid for child in psutil.Process(pid).children(recursive=True))
    return sorted(pid for pid in found if runs(pid))


def end_sessions(sessions: Collection[int], *, grace: float) -> None:
    """Ask each session leader to stop; after ``grace`` seconds kill the processes that are left in the sessions."""
    known = {pid for session in sessions for pid in members(session)}
    for session in sessions:
        send(session, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and any(runs(pid) for pid in known):
        time.sleep(0.05)
    # Repeat until no process is left, since a process may start another one just before it is killed.
    while known := {pid for session in sessions for pid in members(session)} | {pid for pid in known if runs(pid)}:
        for pid in known:
            send(pid, signal.SIGKILL)
        time.sleep(0.05)


def parent_of(pid: int) -> int:
    """Return the process id of the parent."""
    return int(psutil.Process(pid).ppid())


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def runs(pid: int) -> bool:
    """Return whether the process exists and has not ended. A process that has ended may remain as a zombie."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def send(pid: int, number: int) -> None:
    """Send a signal to a process if it still exists."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def main() -> None:
    """
    Read session ids from the input, one per line; end these sessions when the input ends.

    A negative id means that the session has ended by itself.
    """
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
