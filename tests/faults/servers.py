"""PostgreSQL and Redis of the tests' own, on free ports of the loopback interface; no service of the system is used."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Self

import psycopg2  # type: ignore[import-untyped]  # ships no types

from tests.real.harness import Component, DeploymentError
from tests.real.harness.processes import Guard
from tests.real.harness.settings import free_port
from tests.real.harness.waiting import wait_until

INSTALL = "apt-get install postgresql redis-server (or what your system calls them); no service of theirs need run"

_ACCOUNT = "postgres"  # as the Debian package names it; PostgreSQL refuses to run as root


def missing() -> str:
    """What the machine lacks, as a sentence that says what to do; empty if nothing."""
    lacks = [name for name, path in (("PostgreSQL", _postgres_folder()), ("redis-server", _redis())) if path is None]
    return f"The fault suite needs {' and '.join(lacks)}: {INSTALL}." if lacks else ""


def versions() -> list[str]:
    """Of what would be run, with their names."""
    output = [
        subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
        for program in (str((_postgres_folder() or Path()) / "postgres"), _redis() or "redis-server")
    ]
    numbers = [found[0] if (found := re.findall(r"\d+(?:\.\d+)+", text)) else "?" for text in output]
    return [f"{name} {number}" for name, number in zip(("PostgreSQL", "Redis"), numbers, strict=True)]


class Servers:
    """
    A database and a broker, which tests may restart. A context manager.

    Nothing is synced to disk: the death of PostgreSQL is suffered here, that of the machine is not. Redis keeps nothing
    across a restart, as where it is a broker alone.
    """

    def __init__(self, logs: Path) -> None:
        # Not within a folder of pytest's, which the account of PostgreSQL may not enter.
        self._folder = Path(tempfile.mkdtemp(prefix="airflow-database-"))
        self._account = _ACCOUNT if os.geteuid() == 0 else None
        self._guard = Guard()
        self._postgres_port, self._redis_port = free_port(), free_port()
        self.database = self._component("postgresql", self._postgres_command(), logs, self._account)
        self.broker = self._component("redis", self._redis_command(), logs)

    @property
    def database_url(self) -> str:
        """As SQLAlchemy takes it."""
        return f"postgresql+psycopg2://airflow@127.0.0.1:{self._postgres_port}/airflow"

    @property
    def dsn(self) -> str:
        """As psycopg2 takes it."""
        return f"host=127.0.0.1 port={self._postgres_port} user=airflow dbname=airflow"

    @property
    def broker_url(self) -> str:
        """As Celery takes it."""
        return f"redis://127.0.0.1:{self._redis_port}/0"

    def __enter__(self) -> Self:
        try:
            self._create_cluster()
            for server in (self.database, self.broker):
                server.start()
            self.wait_until_up()
            self._sql("postgres", "CREATE DATABASE airflow")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.broker.stop(grace=0)
        self.database.stop(grace=0)
        self._guard.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def restart_database(self) -> None:
        """Let PostgreSQL drop every connection as it does in a crash, recover, and answer again."""
        self.database.kill(signal.SIGQUIT, tree=False)
        self.database.restart()
        self.wait_until_up()

    def restart_broker(self) -> None:
        """Kill Redis, and with it all that is queued, and start it again."""
        self.broker.kill()
        self.broker.restart()
        self.wait_until_up()

    def wait_until_up(self) -> None:
        """Return when both answer."""

        def up() -> bool | None:
            try:
                self._sql("postgres", "SELECT 1")
                with socket.create_connection(("127.0.0.1", self._redis_port), timeout=1) as connection:
                    connection.sendall(b"PING\r\n")
                    return True if connection.recv(16).startswith(b"+PONG") else None
            except (psycopg2.OperationalError, OSError):
                return None

        def ended() -> str | None:
            gone = [server for server in (self.database, self.broker) if not server.runs]
            return "; ".join(f"{each.name} ended with status {each.exit_status}" for each in gone) or None

        def output() -> str:
            return "\n".join(each.log.read_text()[-2000:] for each in (self.database, self.broker) if each.log.exists())

        wait_until(up, "PostgreSQL and Redis to answer", timeout=60, last_seen=output, give_up=ended)

    def _component(self, name: str, command: list[str], logs: Path, user: str | None = None) -> Component:
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        log = logs / f"{name}.log"
        return Component(
            name, command, environment=environment, log=log, watch=self._guard, user=user, folder=self._folder
        )

    def _create_cluster(self) -> None:
        data = self._folder / "data"
        if self._account:
            os.chown(self._folder, pwd.getpwnam(self._account).pw_uid, -1)
        done = subprocess.run(
            [*self._program("initdb"), "--no-sync", "--auth=trust", "--username=airflow", "--encoding=UTF8", data],
            user=self._account,
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise DeploymentError(f"initdb: status {done.returncode}\n{done.stdout}{done.stderr}")

    def _postgres_command(self) -> list[str]:
        settings = {
            "port": self._postgres_port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self._folder,
            "max_connections": 300,
            "fsync": "off",
            "full_page_writes": "off",
        }
        command = [*self._program("postgres"), "-D", str(self._folder / "data")]
        return command + [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

    def _redis_command(self) -> list[str]:
        port = str(self._redis_port)
        return [_redis() or "redis-server", "--port", port, "--bind", "127.0.0.1", "--save", ""]

    @staticmethod
    def _program(name: str) -> list[str]:
        return [str((_postgres_folder() or Path()) / name)]

    def _sql(self, database: str, statement: str) -> None:
        dsn = self.dsn.replace("dbname=airflow", f"dbname={database}")
        connection = psycopg2.connect(dsn, connect_timeout=2)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
        finally:
            connection.close()


def _postgres_folder() -> Path | None:
    """The folder of PostgreSQL's programs, which Debian does not put on PATH; the newest release of several."""
    if found := shutil.which("postgres"):
        return Path(found).parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[4]))
    return installed[-1].parent if installed else None


def _redis() -> str | None:
    return shutil.which("redis-server")
