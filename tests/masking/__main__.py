"""
``python -m tests.masking``: count the texts whose secret leaks into a report, and those that are masked needlessly.

The texts are the project's own. With ``--cases``, those of ``leaks.jsonl`` in another folder are counted, too. Each of
its lines has ``text`` with ``{SECRET}`` in it, ``generator``, a regular expression for the secret, and ``kind``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.masking import rules, tables
from tests.masking.counting import SEED, count_leaks, count_masked, ordinary, planted


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.masking", description=__doc__)
    parser.add_argument(
        "--cases", type=Path, metavar="FOLDER", help="also count the leaks of leaks.jsonl in this folder"
    )
    parser.add_argument(
        "--seed", default=SEED, help="draw the secrets by another seed (default: %(default)s, that of the page)"
    )
    parser.add_argument("--page", action="store_true", help=f"write the tables into docs/{tables.PAGE.name}")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the texts that leak or are masked")
    options = parser.parse_args()
    if options.page and str(options.seed) != str(SEED):
        parser.error(f"the page has the counts of seed {SEED}")
    if options.cases and not (options.cases / "leaks.jsonl").is_file():
        parser.error(f"there is no leaks.jsonl in {options.cases}")
    leaks = count_leaks(planted(), options.seed)
    masks = count_masked(ordinary())
    if options.cases:
        others = count_leaks(planted(options.cases), options.seed)
        print(tables.for_terminal(others, f"Leaks of {options.cases}", "leak", seed=_shown(options)), end="\n\n")
    print(tables.for_terminal(leaks, "Leaks", "leak", seed=_shown(options)), end="\n\n")
    print(tables.for_terminal(masks, "Needless masks", "masked", seed=_shown(options)))
    if options.page:
        tables.write(tables.part(leaks, masks))
        tables.write(rules.tables(), rules.PART)
        print(f"Written: docs/{tables.PAGE.name}")
    return 0


def _shown(options: argparse.Namespace) -> object | None:
    """Return the seed of the secrets to list; None if they are not to be listed."""
    return options.seed if options.verbose else None


if __name__ == "__main__":
    sys.exit(main())
