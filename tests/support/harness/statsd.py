"""A StatsD server that receives the metrics of a deployment."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST = 65_535


class StatsDServer:
    """
    Receives StatsD datagrams on a free port of the loopback interface. A context manager.

    The name of a metric includes its tags, as Airflow writes them with ``[metrics] statsd_influxdb_enabled``:
    ``airflow.datapipeline.polls,dag_id=runner``.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._sums: Counter[str] = Counter()

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment variables that let an Airflow send its metrics to this server."""
        host, port = self._socket.getsockname()
        return {
            "AIRFLOW__METRICS__STATSD_ON": "True",
            "AIRFLOW__METRICS__STATSD_HOST": host,
            "AIRFLOW__METRICS__STATSD_PORT": str(port),
            "AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED": "True",
        }

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self._socket.getsockname())
        self._thread.join(timeout=10)
        self._socket.close()

    def received(self, name: str) -> float:
        """Return the sum of a counter, or of the milliseconds of a timer, by its name with tags."""
        return self._sums[name]

    def names(self, prefix: str) -> list[str]:
        """Return the name of every metric whose name begins with a prefix."""
        return sorted(name for name in list(self._sums) if name.startswith(prefix))

    def _receive(self) -> None:
        while datagram := self._socket.recv(_LONGEST):
            for line in datagram.decode().splitlines():
                name, _, value = line.partition(":")
                self._sums[name] += float(value.partition("|")[0])  # type: ignore[assignment]  # Counter sums floats too
