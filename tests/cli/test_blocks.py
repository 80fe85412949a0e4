"""A turn's events become blocks: in order, whole, with what went wrong and what it cost."""

from io import StringIO
from typing import Any

from rich.console import Console

from pantheon.cli.blocks import Blocks, spent

USAGE = {
    "input_tokens": 0, "cached_input_tokens": 0, "output_tokens": 0, "reasoning_tokens": 0,
    "calls": 0, "unpriced_calls": 0, "cost_usd": "0.000000", "credits": "0.0000",
    "estimated": False,
}  # fmt: skip


def step(position: int, **given: Any) -> dict[str, Any]:
    """A step of the contract's shape; it waits unless told otherwise."""
    return {
        "id": f"step-{position}",
        "kind": "answer",
        "round": 1,
        "position": position,
        "agent": {"key": f"a{position}", "name": f"A{position}", "color": position, "model": "m/x"},
        "status": "pending",
        "message": None,
        "error": None,
        "usage": USAGE,
        "latency_ms": None,
        "finished_at": None,
    } | given


def done(position: int, text: str, **given: Any) -> dict[str, Any]:
    """A step that has its answer."""
    usage = USAGE | {"calls": 1, "input_tokens": 1200, "output_tokens": 30}
    return step(
        position,
        **{
            "status": "completed",
            "message": {"id": "m", "content": text},
            "usage": usage,
            "latency_ms": 1500,
            "finished_at": "2026-01-01T00:00:00.000Z",
        }
        | given,
    )


class Screen:
    """Blocks on a console in memory."""

    def __init__(self) -> None:
        self.console = Console(file=StringIO(), width=200)
        self.blocks = Blocks(self.console)

    def __call__(self, event: str, **data: Any) -> str:
        """Show an event; return everything written so far."""
        self.blocks.show(event, data)
        return self.console.file.getvalue()  # type: ignore[attr-defined]

    def start(self, position: int) -> str:
        return self(
            "step.started", step_id=f"step-{position}", step=step(position, status="running")
        )

    def text(self, position: int, text: str) -> str:
        return self("step.delta", step_id=f"step-{position}", text=text)


def created(count: int) -> Screen:
    """A screen that was told of a turn with so many steps."""
    screen = Screen()
    assert screen("turn.created", turn={"steps": [step(i + 1) for i in range(count)]}) == ""
    return screen


def test_the_first_open_block_is_written_as_its_text_comes() -> None:
    """Text appears with each event, once."""
    screen = created(1)
    assert screen.start(1) == "● A1  @a1 · m/x\n"
    assert screen.text(1, "Hello ").endswith("\nHello ")
    assert screen.text(1, "there.").endswith("\nHello there.")
    shown = screen("step.completed", step_id="step-1", step=done(1, "Hello there."))
    assert shown == ("● A1  @a1 · m/x\nHello there.\n  1,200 in + 30 out tokens · $0 · 1.5 s\n\n")


def test_parallel_answers_stand_one_after_another() -> None:
    """The second agent's text waits until the first one's block is closed."""
    screen = created(2)
    screen.start(2)
    screen.text(2, "second")
    screen.start(1)
    assert "second" not in screen.text(1, "first")
    screen("step.completed", step_id="step-2", step=done(2, "second answer"))
    shown = screen("step.completed", step_id="step-1", step=done(1, "first answer"))
    assert shown.index("first answer") < shown.index("● A2") < shown.index("second answer")
    assert shown.count("second") == 1


def test_what_a_broken_stream_left_out_comes_with_the_result() -> None:
    """A finished step's message is written whole, also when deltas are missing."""
    screen = created(1)
    screen.start(1)
    screen.text(1, "He")
    assert "\nHello there.\n" in screen(
        "step.completed", step_id="step-1", step=done(1, "Hello there.")
    )


def test_a_restart_is_told_and_the_text_begins_anew() -> None:
    """A half-written answer of an attempt that was lost is not continued."""
    screen = created(1)
    screen.start(1)
    screen.text(1, "half an ans")
    screen("step.restarted", step_id="step-1", step=step(1, status="running"))
    shown = screen.text(1, "whole")
    assert shown.endswith("half an ans\n  The answer starts again.\nwhole")


def test_a_retry_is_told() -> None:
    """While an agent waits for its next attempt, the reader knows why."""
    screen = created(1)
    screen.start(1)
    shown = screen("step.retrying", step_id="step-1", error={"title": "Rate limited"}, wait_ms=2500)
    assert shown.endswith("\n  Rate limited: trying again in 2.5 s.\n")


def test_a_failure_keeps_the_text_and_says_why() -> None:
    """Nothing that an agent said is hidden because it failed afterwards."""
    screen = created(1)
    screen.start(1)
    error = {"title": "Broken off", "detail": "The stream ended early."}
    shown = screen(
        "step.failed", step_id="step-1", step=done(1, "half", status="failed", error=error)
    )
    assert "\nhalf\n  ✗ Broken off: The stream ended early.\n" in shown


def test_skipped_steps_are_named() -> None:
    """An agent that did not answer has its line."""
    screen = created(1)
    gone = step(1, status="skipped", finished_at="2026-01-01T00:00:00.000Z")
    assert screen("step.skipped", step_id="step-1", step=gone).endswith("\n  skipped\n\n")


def test_a_hostile_answer_is_inert() -> None:
    """An agent cannot clear the screen, and its markup is text."""
    screen = created(1)
    screen.start(1)
    shown = screen.text(1, "\x1b[2J[red]x[/red]")
    assert "\x1b" not in shown
    assert "[red]x[/red]" in shown


def test_the_last_line_sums_up() -> None:
    """Status, mode, how many answered, what was used, where it can be continued."""
    screen = created(2)
    screen.blocks.sum_up(
        {
            "steps": [done(1, "a"), done(2, "", status="failed")],
            "status": "partial",
            "mode": "roundtable",
            "stop_reason": None,
            "usage": USAGE | {"input_tokens": 12, "output_tokens": 3, "cost_usd": "0.001200"},
            "session_id": "s-1",
            "error": None,
        }
    )
    assert screen("") == (
        "■ partial · roundtable · 1 of 2 answered · 12 in + 3 out tokens · $0.0012 · session s-1\n"
    )


def test_usage_says_what_is_not_known() -> None:
    """Estimates and missing prices are named as such."""
    assert spent(USAGE | {"estimated": True, "cost_usd": None}) == (
        "about 0 in + 0 out tokens · no price known"
    )
