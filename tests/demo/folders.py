"""Makes a new folder for each run of the demo, and removes those of earlier runs that have ended."""

from __future__ import annotations

import fcntl
import shutil
from contextlib import contextmanager
from datetime import datetime
from typing import IO, TYPE_CHECKING

from tests.support.harness.settings import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LOCK = "lock"


@contextmanager
def fresh_folder(parent: Path = REPOSITORY / ".demo") -> Iterator[Path]:
    """Make a folder, named by the time, and remove unused ones. The folder stays after the context ends."""
    parent.mkdir(exist_ok=True)
    _remove_unused(parent)
    folder = parent / f"{datetime.now().astimezone():%Y%m%d-%H%M%S-%f}"
    folder.mkdir()
    with (folder / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the lock ends with this process, however that ends
        yield folder


def _remove_unused(parent: Path) -> None:
    for folder in parent.iterdir():
        if folder.is_dir() and not _is_used(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _is_used(folder: Path) -> bool:
    try:
        with (folder / _LOCK).open() as lock:
            return not _can_lock(lock)
    except FileNotFoundError:
        return False


def _can_lock(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
