"""`--profile`: where a turn's time goes in Pantheon, by package, function, call and statement."""

import json
import pstats
import shutil
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from textwrap import fill
from typing import Any

from benchmarks.figures import warm_up
from benchmarks.measure import Bench, Run
from benchmarks.pantheon_subject import Pantheon
from benchmarks.profiled import LOOK
from benchmarks.report import FOLDER
from benchmarks.sizes import QUICK
from benchmarks.subjects import ONE, PACED_ONE

SESSIONS = 20
TURNS = 20
STEP_TURNS = 12
SHOWN = 30
PATIENCE_SECONDS = 20.0
LINE = 100

Function = tuple[str, int, str]


def profile(bench: Bench, folder: Path, *, apart: bool) -> None:
    """Run Pantheon alone, look into it while it takes turns, and print what was seen."""
    pantheon = Pantheon(bench.url, folder, apart=apart, looked_into=True)
    commands = ("api", "worker") if apart else ("up",)

    def burst() -> Run:
        return bench.run(pantheon, pantheon.sessions(ONE, SESSIONS), TURNS)

    def paced() -> Run:
        sessions = pantheon.sessions(PACED_ONE, QUICK.step_sessions)
        return bench.run(pantheon, sessions, STEP_TURNS, in_step=True)

    try:
        pantheon.start()
        warm_up(bench, [pantheon], QUICK)
        for pace, take in (("burst", burst), ("paced, 32 in step", paced)):
            paths, run = _look(pantheon, commands, "samples", take)
            for command, path in zip(commands, paths, strict=True):
                print(f"\n## `{command}`: where the CPU time is, {pace}\n")
                print_samples(json.loads(path.read_text()), run)
            paths, run = _look(pantheon, commands, "calls", take)
            for command, path in zip(commands, paths, strict=True):
                print(f"\n## `{command}`: calls, {pace}\n")
                print_calls(pstats.Stats(str(path)), run)
                FOLDER.mkdir(exist_ok=True)
                shutil.copy(path, FOLDER / f"{command}-{pace.partition(',')[0]}.prof")
        paths, run = _look(pantheon, commands, "statements", burst)
        seen = [
            (began, ended, command, text)
            for command, path in zip(commands, paths, strict=True)
            for began, ended, text in json.loads(path.read_text())
        ]
        print_statements(sorted(seen), run)
        print(f"\nFor pstats or snakeviz: {FOLDER}/*.prof")
    finally:
        pantheon.stop()


def _look(
    pantheon: Pantheon, commands: Sequence[str], kind: str, take: Callable[[], Run]
) -> tuple[list[Path], Run]:
    """Look while turns are taken; return the files with what was seen, and the turns."""
    written = [pantheon.look_folder(command) / kind for command in commands]
    for path, process in zip(written, pantheon.processes(), strict=True):
        path.unlink(missing_ok=True)
        (path.parent / LOOK).write_text(kind)
        process.send(signal.SIGUSR1)
    time.sleep(0.2)
    run = take()
    for process in pantheon.processes():
        process.send(signal.SIGUSR1)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not all(path.exists() for path in written):
        if time.monotonic() > deadline:
            raise RuntimeError(f"No profile came:\n{process.last_words()}")
        time.sleep(0.05)
    return written, run


def print_samples(stacks: Sequence[tuple[list[Function], int]], run: Run) -> None:
    """Print a process's CPU time: by package, by function, by function of ours."""
    own: Counter[Function] = Counter()
    whole: Counter[Function] = Counter()
    packages: Counter[str] = Counter()
    for stack, times in stacks:
        frames = [(path, line, name) for path, line, name in stack]
        own[frames[0]] += times
        packages[_package(frames[0])] += times
        for function in set(frames):
            whole[function] += times
    total = sum(own.values())
    python_ms = (run.cpu_ms - run.postgres_cpu_ms) / run.turns
    print(
        f"{python_ms:.1f} ms a turn in Python, {run.postgres_cpu_ms / run.turns:.1f} ms in"
        f" PostgreSQL, of all processes ({run.turns} turns, {total} samples of this one)."
        " What is in C counts for its caller."
    )
    named = [f"{name} {times / total:.0%}" for name, times in packages.most_common() if name]
    print(fill(", ".join(name for name in named if not name.endswith(" 0%")), LINE))
    ours = {function: n for function, n in whole.items() if _package(function) == "pantheon"}
    for title, counted in (("Own time", own), ("Pantheon's functions with what they call", ours)):
        print(f"\n{title}: share")
        for function, times in Counter(counted).most_common(SHOWN):
            print(f"  {times / total:6.1%}  {_name(function)}")


def print_calls(stats: Any, run: Run) -> None:
    """Print what is called most often."""
    rows: Mapping[Function, Any] = stats.stats
    print("Calls per turn:")
    for function, numbers in sorted(rows.items(), key=lambda row: -row[1][1])[:SHOWN]:
        print(f"  {numbers[1] / run.turns:7.1f}  {_name(function)}")


def print_statements(seen: Sequence[tuple[float, float, str, str]], run: Run) -> None:
    """Print the statements of a turn in their order: when each begins and how long it takes.

    `seen` is sorted: begin, end, the process's command, text.
    """
    starts: dict[tuple[str, str, int], list[float]] = defaultdict(list)
    taken: dict[tuple[str, str, int], list[float]] = defaultdict(list)
    ends = [*run.sent_at[1:], float("inf")]
    turn = 0
    times: Counter[tuple[str, str]] = Counter()
    for began, ended, command, text in seen:
        while began >= ends[turn]:
            turn += 1
            times.clear()
        if began >= run.sent_at[turn]:
            times[command, text] += 1
            key = command, text, times[command, text]
            starts[key].append((began - run.sent_at[turn]) * 1000)
            taken[key].append((ended - began) * 1000)
    count = sum(map(len, starts.values())) / run.turns
    waited = sum(map(sum, taken.values())) / run.turns
    print(f"\n## Statements, burst: {count:.1f} a turn, {waited:.2f} ms of waiting for them\n")
    print(
        f"First token after {median(run.first_ms):.2f} ms (median, client's clock from the POST)."
    )
    print("Begins · takes (medians, ms) · times a turn:")
    for key in sorted(starts, key=lambda key: median(starts[key])):
        if len(starts[key]) >= run.turns / 20:
            command, text, _ = key
            words = " ".join(text.split())[: LINE - 30] or "(a check of a pooled connection)"
            often = len(starts[key]) / run.turns
            figures = f"{median(starts[key]):6.2f}  {median(taken[key]):5.2f}  {often:5.2f}"
            print(f"  {figures}  {command:6} {words}")


def _package(function: Function) -> str:
    parts = Path(function[0]).parts
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1].removesuffix(".py")
    for package in ("pantheon", "benchmarks", "asyncio"):
        if package in parts:
            return package
    return "standard library"


def _name(function: Function) -> str:
    path, line, name = function
    if path == "~":
        return name
    return f"{'/'.join(Path(path.rpartition('site-packages/')[2]).parts[-3:])}:{line} {name}"
