"""Which commit is tested. Standard library only: nox reads it."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def tested_commit() -> str:
    """Return the commit, with a mark where the package or its tests were changed since; "unknown" outside of git."""
    changed = _git("status", "--porcelain", "--", "airflow_provider_datapipeline", "tests", "pyproject.toml")
    return (_git("rev-parse", "--short=7", "HEAD") or "unknown") + ("-dirty" if changed else "")


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
