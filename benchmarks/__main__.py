"""Every benchmark, or those that are named: ``python -m benchmarks [--tasks N] [hook_clients] [task_runner]``."""

from __future__ import annotations

import argparse
import os
import tempfile

NAMES = ("hook_clients", "task_runner")


def main() -> None:
    """Run them, one after the other."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure; print the figures.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"{' or '.join(NAMES)}; default: all")
    parser.add_argument("--tasks", type=int, default=100, metavar="N", help="of task_runner (default: 100)")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(NAMES):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    if arguments.tasks < 1:
        parser.error("--tasks must be at least 1")
    names = arguments.names or NAMES
    with tempfile.TemporaryDirectory(prefix="datapipeline-benchmark-") as home:
        # Set before Airflow is imported: it writes its configuration, and logs, as soon as it is.
        os.environ |= {"AIRFLOW_HOME": home, "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR"}
        if "hook_clients" in names:
            from benchmarks import hook_clients

            hook_clients.main()
        if "task_runner" in names:
            from benchmarks import task_runner

            task_runner.main(arguments.tasks)


if __name__ == "__main__":
    main()
