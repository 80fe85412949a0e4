"""The report: a table with the goals beside the figures, and everything as JSON."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.measure import Results

FOLDER = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Row:
    """A figure of the table. `goal` is for Pantheon in one process, `goal_apart` for its halves."""

    key: str
    title: str
    goal: float | None = None
    goal_apart: float | None = None
    more_is_better: bool = False
    digits: int = 1


ROWS = (
    Row("first_p50_ms", "added before the first token, p50, ms", 4.5, 7),
    Row("first_p95_ms", "… p95, ms", 8),
    Row("first_trickle_p50_ms", "… tokens 1 ms apart, p50, ms"),
    Row("first_trickle_p95_ms", "… tokens 1 ms apart, p95, ms"),
    Row("cpu_burst_ms", "CPU per turn, burst, ms", 7),
    Row("cpu_burst_postgres_ms", "… PostgreSQL's part, ms"),
    Row("cpu_paced_ms", "CPU per turn, paced, ms", 11),
    Row("cpu_paced_postgres_ms", "… PostgreSQL's part, ms"),
    Row("step_turns_s", "32 sessions in step (ideal 58.7), turns/s", 49, more_is_better=True),
    Row("step_p95_ms", "… added before the first token, p95, ms", 80, digits=0),
    Row("crowd_turns_s", "256 sessions in step (ideal 470), turns/s", more_is_better=True),
    Row("crowd_p95_ms", "… added before the first token, p95, ms", digits=0),
    Row("cpu_in_order_ms", "three agents in order, CPU per turn, ms", 25),
    Row("cpu_at_once_ms", "three agents at once, CPU per turn, ms", 22),
    Row("managed_gap_ms", "managed: last agent closed to the next decision asked, p50, ms", 15),
    Row("managed_round_ms", "… a round of three beside its slowest agent, p50, ms", 20),
    Row("managed_step_cpu_ms", "… CPU per step, ms", 8),
    Row("flat_cpu", "CPU of the last turns ÷ turns 11–30, ten turns sent", 1.1, digits=2),
    Row("flat_first", "… first token", digits=2),
    Row("flat_whole_cpu", "… CPU, the whole history sent", digits=2),
    Row("flat_whole_first", "… first token, the whole history sent", digits=2),
    Row("readers", "readers until the added p95 doubles", more_is_better=True, digits=0),
    Row("cold_start_s", "cold start (empty folder) to the first answer, s", digits=2),
    Row("warm_start_s", "warm start to the first answer, s", 2.5, digits=2),
    Row("rss_idle_mb", "memory idle, without PostgreSQL, MB", 130, digits=0),
    Row("rss_growth_mb", "… more after 1,000 turns (quick: 200), MB", 20),
)
COLUMNS = (("proxy", "bare proxy"), ("langgraph", "plain LangGraph"), ("pantheon", "Pantheon"))
APART = ("apart", "API + worker")


def table(results: Results) -> str:
    """Return the figures as a Markdown table: medians of the rounds, lowest and highest behind."""
    heads = ["", "goal", *(title for _, title in COLUMNS), "÷ proxy", APART[1], ""]
    lines = [heads, ["---"] * len(heads)]
    for row in ROWS:
        if set(results.values.get(row.key, ())) & {APART[0], *(name for name, _ in COLUMNS)}:
            lines.append(_line(results, row))
    widths = [max(len(line[at]) for line in lines) for at in range(len(heads))]
    return "\n".join(
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)) + " |"
        for line in lines
    )


def _line(results: Results, row: Row) -> list[str]:
    sign = "≥" if row.more_is_better else "≤"
    goals = [f"{goal:g}" for goal in (row.goal, row.goal_apart) if goal is not None]
    floor, ours = (results.middle(row.key, name) for name in ("proxy", "pantheon"))
    ratio = f"{ours / floor:.1f}" if floor and ours is not None and floor > 0 else ""
    return [
        row.title,
        f"{sign} {' / '.join(goals)}" if goals else "",
        *(_cell(results, row, name) for name, _ in COLUMNS),
        ratio,
        _cell(results, row, APART[0]),
        _verdict(results, row),
    ]


def _cell(results: Results, row: Row, name: str) -> str:
    values = results.values[row.key].get(name)
    middle = results.middle(row.key, name)
    if values is None or middle is None:
        return ""
    text = f"{middle:.{row.digits}f}"
    if len(values) > 1:
        text += f" ({min(values):.{row.digits}f}–{max(values):.{row.digits}f})"
    return text


def _verdict(results: Results, row: Row) -> str:
    if row.goal is None:
        return ""
    goals = {"pantheon": row.goal, APART[0]: row.goal_apart}
    missed = []
    for name, goal in goals.items():
        value = results.middle(row.key, name)
        if value is None or goal is None:
            continue
        if (value < goal) if row.more_is_better else (value > goal):
            missed.append(name)
    if missed:
        return f"missed: {', '.join(missed)}"
    return "met" if results.middle(row.key, "pantheon") is not None else ""


def write(results: Results, about: dict[str, Any]) -> Path:
    """Write all values with what they were measured on; return the file."""
    FOLDER.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    path = FOLDER / f"{now:%Y%m%d-%H%M%S}.json"
    medians = {
        key: {name: results.middle(key, name) for name in by_name}
        for key, by_name in results.values.items()
    }
    content = {
        "at": now.isoformat(timespec="seconds"),
        **about,
        "medians": medians,
        "rounds": results.values,
    }
    path.write_text(json.dumps(content, indent=1) + "\n")
    return path
