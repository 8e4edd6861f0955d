"""How long things last that have to do with Airflow's API."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Timing:
    """
    How long a request may take, and how long its results are kept. All times are seconds.

    :param request: the most that one request takes: name resolution, the connection, and everything up to the last byte
        of the answer; also the most that reading the Airflow connection takes
    :param connection: how long the content of the Airflow connection is used before the connection is read again
    :param forbidden: the least time between two logins that are made because a request was answered with 403
    :param token: how long a token is kept that does not say when it ends
    :param now: tells the time by which all of this is measured, except for ``request``
    """

    request: float = 10.0
    connection: float = 60.0
    forbidden: float = 60.0
    token: float = 3600.0
    now: Callable[[], float] = time.monotonic
