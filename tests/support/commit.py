"""Names the commit that is tested. Uses only the standard library, because nox imports it."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def tested_commit() -> str:
    """Return the commit, with "-dirty" if the package or its tests have changed since; "unknown" outside of git."""
    changed = _git("status", "--porcelain", "--", "airflow_provider_datapipeline", "tests", "pyproject.toml")
    return (_git("rev-parse", "--short=7", "HEAD") or "unknown") + ("-dirty" if changed else "")


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
