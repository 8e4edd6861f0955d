"""The processes of a deployment: start them, hurt them, and leave none behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.support.harness import guard
from tests.support.harness.waiting import DeploymentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class TaskProcess:
    """
    A running task.

    ``pid`` runs the user's code. ``supervisor_pid`` started it and talks to Airflow for it: on Airflow 3 a worker
    of the LocalExecutor, on Airflow 2 the ``airflow tasks run`` process.
    """

    pid: int
    supervisor_pid: int

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Signal the task alone, as the kernel's out-of-memory killer does."""
        os.kill(self.pid, number)

    def kill_supervisor(self, number: int = signal.SIGKILL) -> None:
        """Signal the supervisor alone; the task lives on as an orphan."""
        os.kill(self.supervisor_pid, number)

    def kill_both(self) -> None:
        """SIGKILL the supervisor, then the task: the loss of a worker node."""
        os.kill(self.supervisor_pid, signal.SIGKILL)
        os.kill(self.pid, signal.SIGKILL)


class Guard:
    """Ends every component, should the process that started them die without doing so itself."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, guard.__file__],
            stdin=subprocess.PIPE,
            start_new_session=True,  # an interrupt from the keyboard must not reach it
            text=True,
        )

    def watch(self, session: int) -> None:
        """End this session when the present process is gone."""
        self._tell(session)

    def forget(self, session: int) -> None:
        """The session has ended; its number may come to belong to others."""
        self._tell(-session)

    def close(self) -> None:
        """End what is still watched, and the guard."""
        self._process.communicate()

    def _tell(self, number: int) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{number}\n")
        self._process.stdin.flush()


class Component:
    """
    One long-lived process (``airflow scheduler``, say) with everything that it starts, in a session of its own.

    :param user: name of the account that it runs as; default: the present one
    :param folder: its working directory; default: the present one
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        watch: Guard,
        user: str | None = None,
        folder: Path | None = None,
    ):
        self.name = name
        self.log = log
        self._command = command
        self._environment = environment
        self._guard = watch
        self._user = user
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = datetime.now(UTC)

    @property
    def role(self) -> str:
        """What it is, without the number that tells it from others of its kind: ``scheduler`` of ``scheduler-2``."""
        return self.name.rstrip("0123456789").rstrip("-")

    @property
    def started_at(self) -> datetime:
        """When it was started last."""
        return self._started_at

    @property
    def pid(self) -> int:
        """Process id of the component's main process."""
        assert self._process is not None, f"{self.name} was not started"
        return self._process.pid

    @property
    def started(self) -> bool:
        """Whether it was started and not stopped since; it may have ended by itself."""
        return self._process is not None

    def has_written(self, heartbeat: str | None) -> bool:
        """Whether this heartbeat is of the process that runs now, not of one before a restart."""
        return heartbeat is not None and datetime.fromisoformat(heartbeat) >= self._started_at

    @property
    def exit_status(self) -> int | None:
        """Exit status of the main process, None while it runs."""
        return self._process.poll() if self._process else None

    @property
    def runs(self) -> bool:
        """Whether the main process is alive."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process; output is appended to ``log``."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._started_at = datetime.now(UTC)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                env=dict(self._environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=self._user,
                cwd=self._folder,
            )
        self._guard.watch(self._process.pid)

    def kill(self, number: int = signal.SIGKILL, *, tree: bool = True) -> None:
        """
        Send a signal to the component and return when its main process has ended.

        :param tree: also to all that it has started (of the scheduler: the executor's workers and their tasks)
        :raises DeploymentError: when the main process outlives the signal by 15 seconds
        """
        for pid in guard.members(self.pid) if tree else [self.pid]:
            guard.send(pid, number)
        self._wait(15, after=signal.Signals(number).name)

    def stop(self, *, grace: float = 5) -> None:
        """Stop the component and all that it has started; after ``grace`` seconds by force."""
        if self._process is None:
            return
        guard.end_sessions([self.pid], grace=grace)
        self._wait(5, after="SIGKILL")
        self._guard.forget(self.pid)
        self._process = None

    def restart(self) -> None:
        """Stop by force what may still run of it, and start it again; does not wait until it is healthy."""
        self.stop(grace=0)
        self.start()

    def _wait(self, seconds: float, *, after: str) -> None:
        assert self._process is not None
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise DeploymentError(
                f"{self.name} still runs {seconds:g} s after {after}; its log is {self.log}"
            ) from error
