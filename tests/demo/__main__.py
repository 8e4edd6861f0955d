"""``make demo``: a pipeline with tasks of every outcome, executed by a real Airflow, as the service sees it."""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback

from tests.demo.demo import Demo, TimeIsUp
from tests.demo.folders import fresh_folder

INTERRUPTED = 130  # as a shell tells it
LINES = 25
LINE_LENGTH = 300


def main(arguments: list[str] | None = None) -> int:
    """
    Run the demo.

    :return: 0 only if every attempt has ended as expected
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
        except (Exception, TimeIsUp) as error:  # noqa: BLE001  # whatever it is, the last line says where to look
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
    """As much of an error as a terminal shows at a glance: those of the deployment bring the ends of all logs."""
    lines = text.splitlines()
    shown = [line if len(line) <= LINE_LENGTH else f"{line[:LINE_LENGTH]}..." for line in lines[:LINES]]
    return "\n".join([*shown, "..."] if len(lines) > LINES else shown)


class _Progress:
    """Tells what happens, with the seconds since the start."""

    def __init__(self) -> None:
        self.latest = "nothing"
        self._start = time.monotonic()

    def say(self, text: str) -> None:
        self.latest = text
        print(f"{time.monotonic() - self._start:6.1f} s  {text}", flush=True)


def _forget_aws_settings() -> None:
    """Let nothing of the user's AWS configuration, a profile for one, reach boto3."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


if __name__ == "__main__":
    sys.exit(main())
