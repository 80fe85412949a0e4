"""The fault harness from the command line: `python -m tests.faults`, a line of figures for a row.

    python -m tests.faults [--short] [--seed N] [-k EXPRESSION] [pytest's options]

The long form has the machine to itself and takes up to half an hour; `--short` is what `make test`
runs. Rows in which leases or other times count run one after another, at the end; of the others,
two side by side. A failure prints its seed and the command that repeats it.
"""

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import LONG_FORM, SEED

FOLDER = Path(__file__).parent
UNTIMED = ("test_chaos.py", "test_credit.py", "test_document.py", "test_mixed.py")
SIDE_BY_SIDE = ("-n", "2", "--dist", "worksteal")


class Table:
    """Prints the figures of each row as its test ends."""

    def __init__(self) -> None:
        self.failed = 0
        self._took: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take a test's report, in whichever process it ran."""
        self._took[report.nodeid] = self._took.get(report.nodeid, 0) + report.duration
        if report.failed:
            self.failed += 1
            seeds = [text for name, text in report.sections if name == "seed"]
            print(f"\n✗ {report.nodeid}: seed {', '.join(seeds) or 'none'}", flush=True)
        elif report.when == "call":
            told: dict[str, Any] = dict(report.user_properties)
            if (row := told.pop("row", None)) is not None:
                counted = ", ".join(f"{_words(name)} {value}" for name, value in told.items())
                print(f"\n✓ {row}: {counted} ({self._took[report.nodeid]:.0f} s)", flush=True)


def main() -> int:
    """Run the rows; returns 0 if all promises and all controls hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--short", action="store_true", help="the form of `make test`")
    parser.add_argument("--seed", type=int, help="of the run that is to be repeated")
    given, more = parser.parse_known_args()
    if not given.short:
        os.environ[LONG_FORM] = "1"
    if given.seed is not None:
        os.environ[SEED] = str(given.seed)
    began, table = time.monotonic(), Table()
    untimed = [str(FOLDER / name) for name in UNTIMED]
    options = ["-q", "--no-header", "--show-capture=no", "--disable-warnings", *more]
    side_by_side = [*untimed, str(FOLDER.parent / "properties"), *SIDE_BY_SIDE]
    alone = [str(FOLDER), *(f"--ignore={path}" for path in untimed), "-p", "no:xdist"]
    codes = {pytest.main([*chosen, *options], plugins=[table]) for chosen in (side_by_side, alone)}
    # Whoever chooses some rows may have chosen none of one kind.
    code = max(codes - {pytest.ExitCode.NO_TESTS_COLLECTED} or codes)
    print(f"{table.failed} failed, {time.monotonic() - began:.0f} s")
    return int(code)


def _words(name: str) -> str:
    return name.replace("_", " ")


if __name__ == "__main__":
    sys.exit(main())
