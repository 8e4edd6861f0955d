"""The database and the broker of the cluster, which the suite itself starts on free ports of the loopback interface."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Self

from tests.support.harness import postgresql
from tests.support.harness.postgresql import PostgreSQL
from tests.support.harness.processes import Guard
from tests.support.harness.settings import free_port
from tests.support.harness.waiting import wait_until

INSTALL = "apt-get install postgresql redis-server (or what your system calls them); no service of theirs need run"


def missing() -> str:
    """Return a sentence that names the programs to install; empty if none is missing."""
    lacks = [name for name, path in (("PostgreSQL", postgresql.folder()), ("redis-server", _redis())) if path is None]
    return f"The fault suite needs {' and '.join(lacks)}: {INSTALL}." if lacks else ""


def versions() -> list[str]:
    """Return the names and versions of the database and the broker."""
    output = [
        subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
        for program in (str((postgresql.folder() or Path()) / "postgres"), _redis() or "redis-server")
    ]
    numbers = [found[0] if (found := re.findall(r"\d+(?:\.\d+)+", text)) else "?" for text in output]
    return [f"{name} {number}" for name, number in zip(("PostgreSQL", "Redis"), numbers, strict=True)]


class Servers:
    """
    A database and a broker that tests may restart. A context manager.

    Redis keeps no data across a restart, as in deployments in which it is only a broker.
    """

    def __init__(self, logs: Path) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="airflow-broker-"))
        self._guard = Guard()
        self._redis_port = free_port()
        self.database = PostgreSQL(logs)
        self.broker = postgresql.component("redis", self._redis_command(), logs, self._guard, folder=self._folder)

    @property
    def database_url(self) -> str:
        """The address of the database, for SQLAlchemy."""
        return self.database.url

    @property
    def dsn(self) -> str:
        """The address of the database, for psycopg2."""
        return self.database.dsn

    @property
    def broker_url(self) -> str:
        """The address of the broker, for Celery."""
        return f"redis://127.0.0.1:{self._redis_port}/0"

    def __enter__(self) -> Self:
        self.database.__enter__()
        try:
            self.broker.start()
            self._wait_for_broker()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.broker.stop(grace=0)
        self._guard.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        self.database.__exit__()

    def restart_database(self) -> None:
        """Restart PostgreSQL: it drops every connection, as in a crash, recovers, and answers again."""
        self.database.restart()

    def restart_broker(self) -> None:
        """Kill Redis, which loses everything in its queues, and start it again."""
        self.broker.kill()
        self.broker.restart()
        self._wait_for_broker()

    def _wait_for_broker(self) -> None:
        def up() -> bool | None:
            try:
                with socket.create_connection(("127.0.0.1", self._redis_port), timeout=1) as connection:
                    connection.sendall(b"PING\r\n")
                    return True if connection.recv(16).startswith(b"+PONG") else None
            except OSError:
                return None

        wait_until(
            up,
            "Redis to answer",
            timeout=60,
            last_seen=lambda: postgresql.tail(self.broker),
            give_up=postgresql.ended(self.broker),
        )

    def _redis_command(self) -> list[str]:
        port = str(self._redis_port)
        return [_redis() or "redis-server", "--port", port, "--bind", "127.0.0.1", "--save", ""]


def _redis() -> str | None:
    return shutil.which("redis-server")
