"""``make demo``: a real Airflow executes a pipeline with tasks of every outcome; a table shows the service's view."""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback

from tests.demo.demo import Demo, TimeIsUp
from tests.demo.folders import fresh_folder

INTERRUPTED = 130  # the exit status that a shell gives for ctrl-C
LINES = 25
LINE_LENGTH = 300


def main(arguments: list[str] | None = None) -> int:
    """
    Run the demo.

    :return: 0 if every attempt ended as expected, 1 if not, 130 after ctrl-C
    """
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave Airflow's web interface up until ctrl-C")
    options = parser.parse_args(arguments)
    _forget_aws_settings()
    progress = _Progress()
    with fresh_folder() as folder:
        try:
            unexpected = Demo(folder, progress.say).run(keep=options.keep)
        except KeyboardInterrupt:
            print(f"\nInterrupted. The logs are in {folder}", file=sys.stderr)
            return INTERRUPTED
        except (Exception, TimeIsUp) as error:  # noqa: BLE001  # after any error, the last line says where the logs are
            (folder / "failure.log").write_text("".join(traceback.format_exception(error)))
            print(
                f"\n{_beginning(f'{type(error).__name__}: {error}')}\n\nFAILED after: {progress.latest}",
                file=sys.stderr,
            )
            print(f"The logs are in {folder}, the whole error in failure.log there", file=sys.stderr)
            return 1
        if unexpected:
            print(f"FAILED: not everything ended as expected. The logs are in {folder}", file=sys.stderr)
            return 1
        progress.say(f"Every attempt ended as expected; the logs are in {folder}")
        return 0


def _beginning(text: str) -> str:
    """Return the first lines of an error. Errors of the deployment contain the last lines of all its logs."""
    lines = text.splitlines()
    shown = [line if len(line) <= LINE_LENGTH else f"{line[:LINE_LENGTH]}..." for line in lines[:LINES]]
    return "\n".join([*shown, "..."] if len(lines) > LINES else shown)


class _Progress:
    """Prints what happens, with the seconds since the start."""

    def __init__(self) -> None:
        self.latest = "nothing"
        self._start = time.monotonic()

    def say(self, text: str) -> None:
        self.latest = text
        print(f"{time.monotonic() - self._start:6.1f} s  {text}", flush=True)


def _forget_aws_settings() -> None:
    """Hide the user's AWS configuration, a profile for example, from boto3."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


if __name__ == "__main__":
    sys.exit(main())
