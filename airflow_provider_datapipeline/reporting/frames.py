"""The frames of one exception, and whose code each frame is in, which decides what is left out first."""

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

# Far more than fit into 1,024 characters
FRAMES_KEPT = 48
_OUTER_SHARE = 6  # if there are more frames, a sixth of those kept are the outermost ones, the others the innermost

_AIRFLOWS = re.compile(
    r"/(?:site|dist)-packages/airflow/"
    # Airflow 3 in a checkout of its repository, where it is not installed
    r"|/(?:airflow-core|task-sdk)/src/airflow/"
    r"|/src/airflow/(?:sdk|providers)/"
    r"|/airflow_provider_datapipeline/"
)
_LIBRARIES = re.compile(r"/(?:site|dist)-packages/|/lib(?:64)?/python3(?:\.\d+)?t?/|^<frozen ")


class Origin(IntEnum):
    """Whose code a frame is in. The code that an engineer on call wants to see first has the lowest number."""

    USER = 0

    LIBRARY = 1
    """An installed package, or Python itself."""

    AIRFLOW = 2
    """Airflow, its providers or this package: code that calls every task in the same way."""


@dataclass(frozen=True, slots=True)
class Frame:
    """``count`` equal frames in a row, described by ``text``. If the text is empty, these frames are left out."""

    text: str
    count: int = 1
    origin: Origin = Origin.USER


@lru_cache(maxsize=1024)
def origin_of(filename: str) -> Origin:
    """
    Return whose code is in a file; in case of doubt, the user's.

    A folder named ``airflow`` does not make it Airflow's: ``/opt/airflow/dags``, ``/usr/local/airflow/plugins`` and the
    home of a user named ``airflow`` hold code of the user. But a package of the user that was installed in the
    namespace ``airflow.providers`` counts as Airflow's.
    """
    path = filename.replace("\\", "/")
    if _AIRFLOWS.search(path):
        return Origin.AIRFLOW
    return Origin.LIBRARY if _LIBRARIES.search(path) else Origin.USER


def frames_of(trace: object) -> tuple[Frame, ...]:
    """Return the frames of a traceback, outermost first; of more than :data:`FRAMES_KEPT` the most important ones."""
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
    Return the positions of the frames to keep: the raising one, then frames in the order of their origins.

    In Airflow 3.3 the traceback of a task begins with eleven frames of Airflow. Without this order they would take the
    room of the user's frames.
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
