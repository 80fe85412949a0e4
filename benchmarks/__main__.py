"""`python -m benchmarks`: all subjects on this machine in one run, as a table and as JSON."""

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from benchmarks import report, sizes
from benchmarks.figures import GROUPS, QUICK_GROUPS, warm_up
from benchmarks.measure import Bench, open_bench
from benchmarks.pantheon_subject import Pantheon
from benchmarks.processes import busy_seconds, machine, make_folder, own_cpu_seconds
from benchmarks.subjects import Direct, Naive, Proxy, Subject

MOST_SECONDS = 40 * 60
NAMES = ("proxy", "langgraph", "pantheon", "apart")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="What a turn costs. See docs/benchmark.md."
    )
    how_much = parser.add_mutually_exclusive_group()
    how_much.add_argument("--quick", action="store_true", help="a first look, within 90 s")
    how_much.add_argument("--long", action="store_true", help="sessions of 1,000 turns, 5 rounds")
    parser.add_argument("--repeat", type=int, metavar="N", help="rounds through all subjects")
    parser.add_argument(
        "--only", metavar="GROUPS", help=f"with commas, of: {', '.join(GROUPS)}", default=""
    )
    parser.add_argument(
        "--subjects", metavar="NAMES", help=f"with commas, of: {', '.join(NAMES)}", default=""
    )
    parser.add_argument(
        "--data-dir", type=Path, help="where the databases are made (default: a temporary folder)"
    )
    parser.add_argument(
        "--profile", action="store_true", help="instead: where Pantheon's time goes, by function"
    )
    given = parser.parse_args()
    for option, known in (("only", GROUPS), ("subjects", NAMES)):
        named = [name for name in getattr(given, option).split(",") if name]
        if wrong := set(named) - set(known):
            parser.error(f"--{option} knows no {', '.join(sorted(wrong))}")
        setattr(given, option, [name for name in known if name in named or not named])
        if option == "only" and given.quick and not named:
            given.only = [name for name in known if name in QUICK_GROUPS]
    return given


def main() -> None:
    """Measure what the command line asks for."""
    given = arguments()
    chosen = sizes.QUICK if given.quick else sizes.LONG if given.long else sizes.DEFAULT
    if given.repeat is not None:
        chosen = replace(chosen, rounds=given.repeat)
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, _give_up)
        signal.alarm(MOST_SECONDS)
    with tempfile.TemporaryDirectory(prefix="pantheon-bench-", dir=given.data_dir) as name:
        folder = make_folder(Path(name))
        with open_bench(folder) as bench:
            if given.profile:
                from benchmarks.profile import profile

                profile(bench, folder, apart="pantheon" not in given.subjects)
            else:
                compare(bench, folder, given, chosen)


def compare(bench: Bench, folder: Path, given: argparse.Namespace, chosen: sizes.Sizes) -> None:
    """Measure the groups for all subjects, print the table and write the JSON."""
    about = {"commit": _commit(), "machine": machine(folder), "sizes": asdict(chosen)}
    print(f"{about['commit']}, {about['machine']}\n{about['sizes']}", file=sys.stderr)
    made: dict[str, Subject] = {
        "proxy": Proxy(bench.url, folder),
        "langgraph": Naive(bench.url, folder),
        "pantheon": Pantheon(bench.url, folder),
        "apart": Pantheon(bench.url, folder, apart=True),
    }
    subjects: list[Subject] = [Direct(bench.url), *(made[name] for name in given.subjects)]
    began, busy, own = time.perf_counter(), busy_seconds(), own_cpu_seconds()
    failure = None
    try:
        for subject in subjects:
            _say(began, f"starting {subject.title}")
            subject.start()
        _say(began, "warming up")
        warm_up(bench, subjects, chosen)
        _measure(bench, subjects, given.only, chosen, began)
    except RuntimeError as error:
        failure = str(error)
    finally:
        for subject in reversed(subjects):
            subject.stop()
    seconds = time.perf_counter() - began
    strange = busy_seconds() - busy - (own_cpu_seconds() - own)
    about |= _circumstances(bench, seconds, max(0.0, strange))
    print(report.table(bench.results))
    print("\n" + "\n".join(about["remarks"]))
    print(f"{seconds:.0f} s; all values: {report.write(bench.results, about)}", file=sys.stderr)
    if failure is not None:
        sys.exit(f"Not all was measured: {failure}")


def _measure(
    bench: Bench,
    subjects: Sequence[Subject],
    only: Sequence[str],
    chosen: sizes.Sizes,
    began: float,
) -> None:
    for at in range(chosen.rounds):
        # The provider itself first: the others' first tokens are compared with its own.
        first, *others = subjects
        turned = [first, *others[at % len(others) :], *others[: at % len(others)]]
        for name in only:
            every_round, measure = GROUPS[name]
            if every_round or at == 0:
                _say(began, f"round {at + 1}: {name}")
                measure(bench, turned, chosen)
                bench.forget_requests()


def _circumstances(bench: Bench, seconds: float, strange_seconds: float) -> dict[str, Any]:
    """Say what may have disturbed the figures."""
    strange = strange_seconds / seconds
    remarks = [f"Other processes used {strange:.2f} CPUs meanwhile."]
    if strange > 0.2:
        remarks.append("That is too much for figures to rely on: take them as provisional.")
    for key, who in (("fake_share", "The fake model server"), ("load_share", "The load client")):
        values = [
            value for values in bench.results.values.get(key, {}).values() for value in values
        ]
        if values:
            remarks.append(
                f"{who} used at most {max(values):.0%} of a CPU with 32 sessions in step."
            )
    return {"seconds": seconds, "strange_cpus": strange, "remarks": remarks}


def _give_up(*_: Any) -> None:
    raise RuntimeError(f"It is not done after {MOST_SECONDS // 60} minutes.")


def _commit() -> str:
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
    )
    return found.stdout.strip() or "no commit"


def _say(began: float, text: str) -> None:
    print(f"{time.perf_counter() - began:5.0f} s  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
