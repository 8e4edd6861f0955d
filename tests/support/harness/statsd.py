"""Where a deployment sends its metrics."""

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
    Receives StatsD's datagrams on a free port of the loopback interface; a context manager.

    Metrics come with their tags, as ``[metrics] statsd_influxdb_enabled`` has Airflow write them:
    ``airflow.datapipeline.polls,dag_id=runner``.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._sums: Counter[str] = Counter()

    @property
    def variables(self) -> Mapping[str, str]:
        """What makes an Airflow send its metrics here."""
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
        """Sum of a counter, or of a timer's milliseconds, by name and tags as described above."""
        return self._sums[name]

    def names(self, prefix: str) -> list[str]:
        """Every metric whose name begins so."""
        return sorted(name for name in list(self._sums) if name.startswith(prefix))

    def _receive(self) -> None:
        while datagram := self._socket.recv(_LONGEST):
            for line in datagram.decode().splitlines():
                name, _, value = line.partition(":")
                self._sums[name] += float(value.partition("|")[0])  # type: ignore[assignment]  # Counter sums floats too
