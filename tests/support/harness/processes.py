"""The processes of a deployment: tests start them and kill them, and none outlives the tests."""

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

    The process ``pid`` runs the user's code. The process ``supervisor_pid`` has started it, and talks to Airflow on
    its behalf: on Airflow 3 a worker of the LocalExecutor, on Airflow 2 the ``airflow tasks run`` process.
    """

    pid: int
    supervisor_pid: int

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to the task alone, as the kernel's out-of-memory killer does."""
        os.kill(self.pid, number)

    def kill_supervisor(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to the supervisor alone; the task lives on as an orphan."""
        os.kill(self.supervisor_pid, number)

    def kill_both(self) -> None:
        """Send SIGKILL to the supervisor, then to the task, as if the worker node were lost."""
        os.kill(self.supervisor_pid, signal.SIGKILL)
        os.kill(self.pid, signal.SIGKILL)


class Guard:
    """Ends every component if the process that started them dies before it has ended them itself."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, guard.__file__],
            stdin=subprocess.PIPE,
            start_new_session=True,  # an interrupt from the keyboard must not reach it
            text=True,
        )

    def watch(self, session: int) -> None:
        """End this session when the present process has ended."""
        self._tell(session)

    def forget(self, session: int) -> None:
        """Leave this session alone from now on: it has ended, and another process may get its id."""
        self._tell(-session)

    def close(self) -> None:
        """End the sessions that are still watched, and the guard itself."""
        self._process.communicate()

    def _tell(self, number: int) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{number}\n")
        self._process.stdin.flush()


class Component:
    """
    One long-lived process, ``airflow scheduler`` for example, with all its child processes, in a session of its own.

    :param user: name of the account that the process runs as; by default the present account
    :param folder: working directory of the process; by default the present one
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
        """The kind of the component: its name without a number, so ``scheduler`` for ``scheduler-2``."""
        return self.name.rstrip("0123456789").rstrip("-")

    @property
    def started_at(self) -> datetime:
        """When the process was last started."""
        return self._started_at

    @property
    def pid(self) -> int:
        """The process id of the main process."""
        assert self._process is not None, f"{self.name} was not started"
        return self._process.pid

    @property
    def started(self) -> bool:
        """Whether the component was started and not stopped since. It may have ended by itself."""
        return self._process is not None

    def has_written(self, heartbeat: str | None) -> bool:
        """Return whether this heartbeat comes from the present process, and not from one before a restart."""
        return heartbeat is not None and datetime.fromisoformat(heartbeat) >= self._started_at

    @property
    def exit_status(self) -> int | None:
        """The exit status of the main process; None while it runs."""
        return self._process.poll() if self._process else None

    @property
    def runs(self) -> bool:
        """Whether the main process is alive."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process; its output is appended to ``log``."""
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
        Send a signal to the component; return when its main process has ended.

        :param tree: whether its child processes get the signal, too; those of the scheduler are the executor's workers
            and their tasks
        :raises DeploymentError: the main process still runs 15 seconds after the signal
        """
        for pid in guard.members(self.pid) if tree else [self.pid]:
            guard.send(pid, number)
        self._wait(15, after=signal.Signals(number).name)

    def stop(self, *, grace: float = 5) -> None:
        """Stop the component and its child processes; after ``grace`` seconds by force."""
        if self._process is None:
            return
        guard.end_sessions([self.pid], grace=grace)
        self._wait(5, after="SIGKILL")
        self._guard.forget(self.pid)
        self._process = None

    def restart(self) -> None:
        """Stop the component by force, and start it again; do not wait until it is healthy."""
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
