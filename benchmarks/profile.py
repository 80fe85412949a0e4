"""`--profile`: where a turn's time goes in Pantheon, by package, function and statement."""

import json
import pstats
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.figures import warm_up
from benchmarks.measure import Bench
from benchmarks.pantheon_subject import Pantheon
from benchmarks.profiled import STATEMENTS, profile_name
from benchmarks.sizes import QUICK
from benchmarks.subjects import ONE, PACED_ONE, Ask

SESSIONS = 15
TURNS = 20
STEP_TURNS = 8
SHOWN = 28
PATIENCE_SECONDS = 20.0
STATEMENT_WIDTH = 88

Function = tuple[str, int, str]


def profile(bench: Bench, folder: Path) -> None:
    """Run Pantheon alone, look into it while it takes turns, and print what was seen."""
    launcher = (sys.executable, "-m", "benchmarks.profiled", str(folder))
    pantheon = Pantheon(bench.url, folder, launcher=launcher)
    try:
        pantheon.start()
        warm_up(bench, [pantheon], QUICK)
        for number, (ask, title) in enumerate(((ONE, "burst"), (PACED_ONE, "paced, in step")), 1):
            path = folder / profile_name(number)
            with _looking(pantheon, signal.SIGUSR1, path):
                turns, cpu_ms = _take(bench, pantheon, ask)
            print(f"\n## By function, {title}: {turns} turns, {cpu_ms:.1f} ms CPU each\n")
            print("The profiler makes Python code slower than it is: shares count, not times.\n")
            print_functions(pstats.Stats(str(path)), turns)
        with _looking(pantheon, signal.SIGUSR2, folder / STATEMENTS):
            sessions = pantheon.sessions(ONE, SESSIONS)
            run = bench.run(pantheon, sessions, TURNS)
        print_statements(json.loads((folder / STATEMENTS).read_text()), run.sent_at, run.first_ms)
    finally:
        pantheon.stop()


def _take(bench: Bench, pantheon: Pantheon, ask: Ask) -> tuple[int, float]:
    if ask is ONE:
        run = bench.run(pantheon, pantheon.sessions(ask, SESSIONS), TURNS)
    else:
        sessions = pantheon.sessions(ask, QUICK.step_sessions)
        run = bench.run(pantheon, sessions, STEP_TURNS, in_step=True)
    return run.turns, run.cpu_ms / run.turns


@contextmanager
def _looking(pantheon: Pantheon, switch: signal.Signals, written: Path) -> Iterator[None]:
    (process,) = pantheon.processes()
    process.send(switch)
    time.sleep(0.2)
    yield
    process.send(switch)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not written.exists():
        if time.monotonic() > deadline:
            raise RuntimeError(f"No profile came:\n{process.last_words()}")
        time.sleep(0.05)


def print_functions(stats: Any, turns: int) -> None:
    """Print a profile: shares by package, then functions by own and by cumulative time."""
    rows: dict[Function, Any] = stats.stats
    total = sum(own for _, _, own, _, _ in rows.values())
    by_package: dict[str, float] = defaultdict(float)
    for function, (_, _, own, _, callers) in rows.items():
        if function[0] != "~":
            by_package[_package(function)] += own
            continue
        # What is written in C belongs to whoever called it.
        called = sum(caller[2] for caller in callers.values())
        for caller, numbers in callers.items():
            by_package[_package(caller)] += numbers[2]
        by_package["other"] += own - called
    shares = sorted(by_package.items(), key=lambda item: -item[1])
    print("Own time by package (what is in C counts for its caller):", end=" ")
    print(", ".join(f"{name} {time / total:.0%}" for name, time in shares if time / total > 0.004))
    for title, column in (("Own time", 2), ("With what it calls", 3)):
        print(f"\n{title}, ms per turn (profiled) · share · calls per turn:")
        ranked = sorted(rows.items(), key=lambda item: -item[1][column])
        for function, numbers in ranked[:SHOWN]:
            spent, calls = numbers[column], numbers[1]
            print(
                f"  {spent / turns * 1000:7.3f}  {spent / total:5.1%}  {calls / turns:7.1f}"
                f"  {_name(function)}"
            )


def print_statements(
    seen: Sequence[tuple[float, float, str]], sent_at: Sequence[float], first_ms: Sequence[float]
) -> None:
    """Print the statements of a turn in their order: when each begins and how long it takes."""
    starts: dict[tuple[str, int], list[float]] = defaultdict(list)
    taken: dict[tuple[str, int], list[float]] = defaultdict(list)
    ends = [*sent_at[1:], float("inf")]
    turn = 0
    times: dict[str, int] = defaultdict(int)
    for began, ended, text in sorted(seen):
        while turn < len(sent_at) and began >= ends[turn]:
            turn += 1
            times.clear()
        if began < sent_at[turn]:
            continue
        times[text] += 1
        key = (text, times[text])
        starts[key].append((began - sent_at[turn]) * 1000)
        taken[key].append((ended - began) * 1000)
    turns = len(sent_at)
    count = sum(len(values) for values in starts.values()) / turns
    waited = sum(sum(values) for values in taken.values()) / turns
    print(f"\n## By statement, burst: {count:.1f} statements a turn, {waited:.2f} ms of waiting\n")
    print(f"First token after {median(first_ms):.2f} ms (median, client's clock from the POST).")
    print("Begins · takes (medians, ms) · times a turn:\n")
    for key in sorted(starts, key=lambda key: median(starts[key])):
        if len(starts[key]) >= turns / 20:
            words = " ".join(key[0].split())[:STATEMENT_WIDTH]
            print(
                f"  {median(starts[key]):6.2f}  {median(taken[key]):5.2f}"
                f"  {len(starts[key]) / turns:5.2f}  {words}"
            )


def _package(function: Function) -> str:
    path = Path(function[0])
    parts = path.parts
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1].removesuffix(".py")
    if "pantheon" in parts and "lib" not in parts:
        return "pantheon"
    if function[0].startswith("<") or function[0] == "~":
        return "other"
    return "asyncio" if "asyncio" in parts else "standard library"


def _name(function: Function) -> str:
    path, line, name = function
    if path == "~":
        return name
    parts = Path(path.rpartition("site-packages/")[2]).parts[-3:]
    return f"{'/'.join(parts)}:{line} {name}"
