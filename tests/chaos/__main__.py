"""``python -m tests.chaos``: run the faults, and write the results into ``docs/faults.md``."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.chaos import document
from tests.chaos.faults import FAULTS
from tests.chaos.servers import missing
from tests.chaos.table import Rows

HERE = Path(__file__).parent


def main() -> int:
    """Return pytest's exit status."""
    parser = argparse.ArgumentParser(prog="make test-faults", description=__doc__)
    parser.add_argument(
        "--quick",
        action="store_true",
        help="only the faults that every change has to pass, with fewer tasks; write no document",
    )
    parser.add_argument("--fault", choices=FAULTS, help="this fault alone")
    parser.add_argument("--seed", default="1", help="decides order, victims and moments (default: %(default)s)")
    options = parser.parse_args()
    if lacking := missing():
        print(f"error: {lacking}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.json"
        selection = ["-m", "quick", "--faults-few"] if options.quick else []
        which = f"{HERE}/test_faults.py::test_nothing_is_lost[{options.fault}]" if options.fault else str(HERE)
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", which, "--durations=0", "--durations-min=5"),
                *(f"--faults-rows={rows}", f"--faults-seed={options.seed}", *selection),
            ],
            check=False,
        )
        if not options.quick and rows.exists():
            document.write_faults(Rows.read(rows))
            print(f"Written: {document.PATH}")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
