"""The frames of one exception, and whose code each is in: what is left out first depends on it."""

from __future__ import annotations

import re
import traceback
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache
from itertools import groupby
from types import CodeType, TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Far more than 1,024 characters can show.
FRAMES_KEPT = 48
_OUTER_SHARE = 6  # where there are more, every sixth that is kept is one of the outermost, the others of the innermost

_AIRFLOWS = re.compile(
    r"/(?:site|dist)-packages/airflow/"
    # Airflow 3's sources, where they are not installed but lie in its repository
    r"|/(?:airflow-core|task-sdk)/src/airflow/"
    r"|/src/airflow/(?:sdk|providers)/"
    r"|/airflow_provider_datapipeline/"
)
_LIBRARIES = re.compile(r"/(?:site|dist)-packages/|/lib(?:64)?/python3(?:\.\d+)?t?/|^<frozen ")


class Origin(IntEnum):
    """Whose code it is; what an engineer on call wants to see first comes first."""

    USER = 0

    LIBRARY = 1
    """Of a package that was installed, or of Python's own."""

    AIRFLOW = 2
    """Of Airflow, its providers or this package: what leads to every task alike."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One or more frames: ``text`` describes them, ``count`` of them. Without a text they are left out."""

    text: str
    count: int = 1
    origin: Origin = Origin.USER


@lru_cache(maxsize=1024)
def origin_of(filename: str) -> Origin:
    """
    Return whose code a file is. In doubt it is the user's.

    A folder named ``airflow`` is not enough: ``/opt/airflow/dags``, ``/usr/local/airflow/plugins`` and whatever lies in
    the home of a user ``airflow`` is the user's. A package of the user's own that was installed in the namespace
    ``airflow.providers`` counts as Airflow's.
    """
    path = filename.replace("\\", "/")
    if _AIRFLOWS.search(path):
        return Origin.AIRFLOW
    return Origin.LIBRARY if _LIBRARIES.search(path) else Origin.USER


def frames_of(trace: object) -> tuple[Frame, ...]:
    """Return the frames of a traceback, outermost first; of more than :data:`FRAMES_KEPT` those that tell most."""
    if not isinstance(trace, TracebackType):
        return ()
    located = ((frame.f_code, line) for frame, line in traceback.walk_tb(trace))
    runs = [(code, line, sum(1 for _ in group)) for (code, line), group in groupby(located)]
    origins = [origin_of(code.co_filename) for code, _, _ in runs]
    kept = _kept(origins)
    frames: list[Frame] = []
    for position, (run, origin) in enumerate(zip(runs, origins, strict=True)):
        if position in kept:
            frames.append(_frame(run, origin))
        elif frames and not frames[-1].text:
            frames[-1] = replace(frames[-1], count=frames[-1].count + run[2])
        else:
            frames.append(Frame("", run[2]))
    return tuple(frames)


def _kept(origins: Sequence[Origin]) -> set[int]:
    """
    Return which frames are kept: the raising one, then as many as there is room for in the order of their origins.

    A task's trace begins with eleven frames of Airflow 3.3, which would else take the place of what the user wrote.
    """
    last = len(origins) - 1
    kept = {last}
    for origin in Origin:
        here = [position for position in range(last) if origins[position] is origin]
        room = FRAMES_KEPT - len(kept)
        if len(here) > room:
            outer = room // _OUTER_SHARE
            here = here[:outer] + here[len(here) - (room - outer) :]
        kept.update(here)
    return kept


def _frame(run: tuple[CodeType, int, int], origin: Origin) -> Frame:
    code, line, count = run
    repeated = f" (repeated {count} times)" if count > 1 else ""
    return Frame(f'File "{code.co_filename}", line {line}, in {code.co_name}{repeated}', count, origin)
