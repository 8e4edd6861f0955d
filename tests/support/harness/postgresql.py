"""A PostgreSQL server that the tests start themselves, on a free port of the loopback interface."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psycopg2  # type: ignore[import-untyped]  # ships no types

from tests.support.harness.processes import Component, Guard
from tests.support.harness.settings import free_port
from tests.support.harness.waiting import DeploymentError, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ACCOUNT = "postgres"  # as the Debian package names it; PostgreSQL refuses to run as root


class PostgreSQL:
    """
    A database server that tests may restart. A context manager.

    It does not sync to disk: its data survive the death of PostgreSQL, but not that of the machine.

    :param logs: folder for the output of the server
    :raises DeploymentError: on entry, if PostgreSQL is not installed or does not start
    """

    def __init__(self, logs: Path) -> None:
        # Not in a folder of pytest, which the account of PostgreSQL must not enter.
        self._folder = Path(tempfile.mkdtemp(prefix="airflow-database-"))
        self._account = _ACCOUNT if os.geteuid() == 0 else None
        self._guard = Guard()
        self._port = free_port()
        self.component = component(
            "postgresql", self._command(), logs, self._guard, folder=self._folder, user=self._account
        )

    @property
    def url(self) -> str:
        """The address of the database, for SQLAlchemy."""
        return f"postgresql+psycopg2://airflow@127.0.0.1:{self._port}/airflow"

    @property
    def dsn(self) -> str:
        """The address of the database, for psycopg2."""
        return f"host=127.0.0.1 port={self._port} user=airflow dbname=airflow"

    def __enter__(self) -> Self:
        try:
            self._create_cluster()
            self.component.start()
            self.wait_until_up()
            self._sql("CREATE DATABASE airflow")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.component.stop(grace=0)
        self._guard.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def restart(self) -> None:
        """Restart the server: it drops every connection, as in a crash, recovers, and answers again."""
        self.component.kill(signal.SIGQUIT, tree=False)
        self.component.restart()
        self.wait_until_up()

    def wait_until_up(self) -> None:
        """Return when the server answers."""

        def up() -> bool | None:
            try:
                self._sql("SELECT 1")
            except psycopg2.OperationalError:
                return None
            return True

        wait_until(
            up,
            "PostgreSQL to answer",
            timeout=60,
            last_seen=lambda: tail(self.component),
            give_up=ended(self.component),
        )

    def _create_cluster(self) -> None:
        if folder() is None:
            raise DeploymentError("PostgreSQL is not installed: apt-get install postgresql (no service need run)")
        data = self._folder / "data"
        if self._account:
            os.chown(self._folder, pwd.getpwnam(self._account).pw_uid, -1)
        done = subprocess.run(
            [*_program("initdb"), "--no-sync", "--auth=trust", "--username=airflow", "--encoding=UTF8", data],
            user=self._account,
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise DeploymentError(f"initdb: status {done.returncode}\n{done.stdout}{done.stderr}")

    def _command(self) -> list[str]:
        settings = {
            "port": self._port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self._folder,
            "max_connections": 300,
            "fsync": "off",
            "full_page_writes": "off",
        }
        command = [*_program("postgres"), "-D", str(self._folder / "data")]
        return command + [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

    def _sql(self, statement: str) -> None:
        connection = psycopg2.connect(self.dsn.replace("dbname=airflow", "dbname=postgres"), connect_timeout=2)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
        finally:
            connection.close()


def component(
    name: str, command: Sequence[str], logs: Path, guard: Guard, *, folder: Path, user: str | None = None
) -> Component:
    """Return a server whose environment has nothing of the caller's environment but PATH."""
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    log = logs / f"{name}.log"
    return Component(name, command, environment=environment, log=log, watch=guard, user=user, folder=folder)


def ended(server: Component) -> Callable[[], str | None]:
    """Return a function for ``give_up`` of :func:`wait_until`, which tells whether the server has ended."""
    return lambda: None if server.runs else f"{server.name} ended with status {server.exit_status}"


def tail(server: Component) -> str:
    """Return the last 2,000 characters of the server's output."""
    return server.log.read_text()[-2000:] if server.log.exists() else ""


def folder() -> Path | None:
    """
    Return the folder of PostgreSQL's programs; None if PostgreSQL is not installed.

    Debian does not put this folder on PATH. Of several releases the newest is taken.
    """
    if found := shutil.which("postgres"):
        return Path(found).parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[4]))
    return installed[-1].parent if installed else None


def _program(name: str) -> list[str]:
    return [str((folder() or Path()) / name)]
