"""
The benchmarks that are named, or by default the three short ones: ``python -m benchmarks [--tasks N] [hook_clients]
[task_runner] [texts]``, ``python -m benchmarks client_stacks``, ``python -m benchmarks scale --held N``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

BY_DEFAULT = ("hook_clients", "task_runner", "texts")
NAMES = (*BY_DEFAULT, "client_stacks", "scale")  # these take five minutes and half an hour


def main() -> None:
    """Run them, one after the other."""
    parser = _parser()
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(NAMES):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    for name, least in (("tasks", 1), ("held", 1), ("triggerers", 1)):
        if getattr(arguments, name) < least:
            parser.error(f"--{name} must be at least {least}")
    if not 0 <= arguments.short <= 100:  # noqa: PLR2004  # percent
        parser.error("--short must be 0 to 100, a percentage")
    if arguments.minutes <= 0 or arguments.ends <= 0:
        parser.error("--minutes and --ends must be above 0")
    if arguments.burst is not None and arguments.burst < 1:
        parser.error("--burst must be at least 1")
    names = arguments.names or BY_DEFAULT
    with tempfile.TemporaryDirectory(prefix="datapipeline-benchmark-") as home:
        # Set before Airflow is imported: it writes its configuration, and logs, as soon as it is.
        os.environ |= {"AIRFLOW_HOME": home, "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR"}
        _run_short(names, arguments.tasks)
        if "scale" in names:
            from benchmarks.scale import run

            run.main(
                held=arguments.held,
                short=arguments.short,
                minutes=arguments.minutes,
                ends=arguments.ends,
                burst=arguments.burst,
                triggerers=arguments.triggerers,
            )


def _run_short(names: Collection[str], tasks: int) -> None:
    if "hook_clients" in names:
        from benchmarks import hook_clients

        hook_clients.main()
    if "task_runner" in names:
        from benchmarks import task_runner

        task_runner.main(tasks)
    if "texts" in names:
        from benchmarks import texts

        texts.main()
    if "client_stacks" in names:
        from benchmarks import client_stacks

        client_stacks.main()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure; print the figures.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"{', '.join(NAMES)}; default: the first three")
    parser.add_argument("--tasks", type=int, default=100, metavar="N", help="of task_runner (default: 100)")
    scale = parser.add_argument_group("scale")
    scale.add_argument("--held", type=int, default=1000, metavar="N", help="tasks held at once (default: 1000)")
    scale.add_argument(
        "--short", type=float, default=10, metavar="PERCENT", help="have leases of 5 minutes, not of 15 (default: 10)"
    )
    scale.add_argument("--minutes", type=float, default=5, metavar="M", help="of the steady state (default: 5)")
    scale.add_argument(
        "--ends", type=float, default=15, metavar="SECONDS", help="between two target runs that end (default: 15)"
    )
    scale.add_argument("--burst", type=int, metavar="N", help="runs that end at once (default: all, at most 1000)")
    scale.add_argument("--triggerers", type=int, default=1, metavar="N", help="of the deployment (default: 1)")
    return parser


if __name__ == "__main__":
    main()
