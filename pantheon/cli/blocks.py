"""A turn on the terminal: one coloured block per agent, in the order in which they answer.

Between them stands what a manager has decided, which is no answer.
The first block that is not finished is written as its text comes; the text of agents that answer
meanwhile waits its turn, so that parallel answers never run into each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.text import Text

from pantheon.cli import plan
from pantheon.cli.pen import Pen, inert

COLORS = ("cyan", "magenta", "yellow", "green", "blue", "red", "bright_cyan", "bright_magenta")
PLANNING = ("route", "approval")
STATUS_COLORS = {"completed": "green", "partial": "yellow"}


@dataclass(slots=True)
class _Block:
    step: Mapping[str, Any]
    text: str = ""
    written: int = 0
    note: str | None = None
    begun: bool = False
    ended: bool = False
    closed: bool = False

    @property
    def place(self) -> tuple[int, int]:
        return self.step["round"], self.step["position"]

    def start_again(self) -> None:
        if self.written:
            self.note = "The answer starts again."
        self.text, self.written = "", 0


class Blocks:
    """Writes the events of one turn to a console, as they come."""

    def __init__(self, console: Console) -> None:
        """Write to `console`."""
        self._pen = Pen(console)
        self._blocks: dict[str, _Block] = {}

    def show(self, event: str, data: Mapping[str, Any]) -> None:
        """Take one event of the turn's stream; deltas must not repeat text."""
        for step in (*data.get("turn", {}).get("steps", ()), *data.get("steps", ())):
            self._take(step)
        if "step" in data:
            self._take(data["step"])
        block = self._blocks.get(str(data.get("step_id")))
        if block is not None and event == "step.restarted":
            block.start_again()
        elif block is not None and event == "step.delta":
            block.text += data["text"]
        elif block is not None and event == "step.retrying":
            title, seconds = data["error"]["title"], data["wait_ms"] / 1000
            block.note = f"{title}: trying again in {seconds:.1f} s."
        elif block is not None and event == "turn.awaiting_input":
            block.step = {**block.step, "status": "running"}
        self._write_on()

    def sum_up(self, turn: Mapping[str, Any]) -> None:
        """Write the line that sums a finished turn up."""
        answers = [step for step in turn["steps"] if step["kind"] in ("answer", "synthesis")]
        good = sum(step["status"] == "completed" for step in answers)
        parts = [turn["status"], turn["mode"], f"{good} of {len(answers)} answered"]
        if turn["stop_reason"]:
            parts.append(f"stopped: {turn['stop_reason']}")
        if turn["mode"] == "orchestrator":
            parts.append(plan.calls(turn))
        parts += [spent(turn["usage"]), f"session {turn['session_id']}"]
        color = STATUS_COLORS.get(turn["status"], "red")
        self._pen.line(Text("■ ", color).append(" · ".join(parts), "bold"))
        if turn["error"]:
            self._pen.line(Text(inert(f"  {turn['error']['detail']}"), "red"))

    def _take(self, step: Mapping[str, Any]) -> None:
        block = self._blocks.setdefault(step["id"], _Block(step))
        if block.ended:
            return
        block.step, block.ended = step, step["finished_at"] is not None
        if block.ended and step["message"]:
            whole = step["message"]["content"]
            if not whole.startswith(block.text[: block.written]):
                block.start_again()
            block.text = whole

    def _write_on(self) -> None:
        for block in sorted(self._blocks.values(), key=lambda each: each.place):
            if block.closed:
                continue
            if not block.ended and block.step["status"] != "running":
                return
            if not block.begun:
                block.begun = True
                self._write_head(block.step)
            if block.note is not None:
                self._pen.line(Text(inert(f"  {block.note}"), "dim"))
                block.note = None
            self._pen.write(block.text[block.written :])
            block.written = len(block.text)
            if not block.ended:
                return
            self._write_foot(block.step)
            block.closed = True

    def _write_head(self, step: Mapping[str, Any]) -> None:
        agent = step["agent"]
        if step["kind"] in PLANNING:
            self._pen.line(plan.head(step))
            return
        self._pen.color = COLORS[(agent["color"] - 1) % len(COLORS)] if agent else "white"
        head = Text("● ", self._pen.color).append(
            inert(agent["name"] if agent else step["kind"]), f"bold {self._pen.color}"
        )
        if agent:
            head.append(inert(f"  @{agent['key']} · {agent['model']}"), "dim")
        self._pen.line(head)

    def _write_foot(self, step: Mapping[str, Any]) -> None:
        for line in plan.lines(step) if step["kind"] in PLANNING else ():
            self._pen.line(line)
        if step["error"]:
            error = step["error"]
            self._pen.line(Text(inert(f"  ✗ {error['title']}: {error['detail']}"), "red"))
        elif step["status"] != "completed":
            self._pen.line(Text(f"  {step['status']}", "yellow"))
        if step["usage"]["calls"]:
            seconds = (step["latency_ms"] or 0) / 1000
            self._pen.line(Text(f"  {spent(step['usage'])} · {seconds:.1f} s", "dim"))
        self._pen.line(Text())


def spent(usage: Mapping[str, Any]) -> str:
    """Say what a step or a turn used: tokens and US dollars."""
    about = "about " if usage["estimated"] else ""
    tokens = f"{about}{usage['input_tokens']:,} in + {usage['output_tokens']:,} out tokens"
    if usage["cost_usd"] is None:
        return f"{tokens} · no price known"
    cost = usage["cost_usd"].rstrip("0").rstrip(".") or "0"
    return f"{tokens} · ${cost}"
