"""
``python -m tests.masking``: count the texts whose secret leaves in a report, and those that are masked needlessly.

Over the project's own texts; with ``--cases`` also over ``leaks.jsonl`` in another folder, of which each line has
``text`` with ``{SECRET}`` in it, ``generator``, a regular expression for the secret, and ``kind``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.masking import rules, tables
from tests.masking.counting import SEED, count_leaks, count_masked, ordinary, planted


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.masking", description=__doc__)
    parser.add_argument("--cases", type=Path, metavar="FOLDER", help="count the leaks of its leaks.jsonl, too")
    parser.add_argument("--seed", default=SEED, help="draws other secrets (default: %(default)s, as the page has them)")
    parser.add_argument("--page", action="store_true", help=f"write the tables into docs/{tables.PAGE.name}")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the texts that leak or are masked")
    options = parser.parse_args()
    if options.page and str(options.seed) != str(SEED):
        parser.error(f"the page has what seed {SEED} draws")
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
    """Return the seed of the secrets that are to be shown."""
    return options.seed if options.verbose else None


if __name__ == "__main__":
    sys.exit(main())
