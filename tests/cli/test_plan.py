"""A manager's decisions on the terminal: the reason, who is asked what, and no answer."""

import pytest
from rich.text import Text

from pantheon.cli import plan
from tests.cli.test_blocks import USAGE, Screen, done, step

DECISION = {
    "action": "delegate",
    "reason": "Two\nviews.",
    "answer": None,
    "assignments": [{"agent": "a1", "brief": "Count."}, {"agent": "a2", "brief": "Price it."}],
}
MANAGER = {"key": "boss", "name": "Boss", "color": 8, "model": "m/x"}


def route(number: int, decision: dict | None, **given):
    """A decision of the contract's shape."""
    made = {"kind": "route", "round": number, "agent": MANAGER, "decision": decision}
    return done(0, "", id=f"route{number}", **{"message": None, **made, **given})


def plain(lines: list[Text]) -> list[str]:
    return [line.plain for line in lines]


def test_a_plan_stands_between_the_answers() -> None:
    """Reason, assignments, their blocks, and the next decision, in their order."""
    screen = Screen()
    screen("turn.created", turn={"steps": [step(0, id="route1", kind="route", agent=MANAGER)]})
    waiting = [step(1), step(2)]
    screen("step.completed", step_id="route1", step=route(1, DECISION))
    shown = screen("route.decided", step_id="route1", decision=DECISION, steps=waiting)
    assert shown == (
        "◆ Round 1  @boss · m/x\n  Two views.\n  → @a1  Count.\n  → @a2  Price it.\n"
        "  1,200 in + 30 out tokens · $0 · 1.5 s\n\n"
    )
    # Known before they begin: who is done first waits for its place.
    assert screen("step.completed", step_id="step-2", step=done(2, "Ten.")) == shown
    both = screen("step.completed", step_id="step-1", step=done(1, "Seven."))
    assert both.index("Seven.") < both.index("Ten.")
    over = {**DECISION, "action": "finish", "reason": "Enough.", "assignments": []}
    end = screen("step.completed", step_id="route2", step=route(2, over))
    assert end.endswith(
        "◆ Round 2  @boss · m/x\n  Enough.\n  → the answer\n"
        "  1,200 in + 30 out tokens · $0 · 1.5 s\n\n"
    )


def test_a_decision_that_failed_says_why() -> None:
    error = {"title": "No valid decision", "detail": "It was cut."}
    screen = Screen()
    shown = screen(
        "step.failed", step_id="route1", step=route(1, None, status="failed", error=error)
    )
    assert "◆ Round 1" in shown
    assert "  ✗ No valid decision: It was cut.\n" in shown


@pytest.mark.parametrize(
    ("decision", "told"),
    [
        (None, []),
        ({"proposal": {}}, []),
        ({"action": "stop"}, ["  stopped"]),
        ({"action": "expire", "note": None}, ["  nobody answered in time"]),
        (
            {"action": "approve", "note": "Mind\nit.", "assignments": DECISION["assignments"][:1]},
            ["  approved", "  note: Mind it.", "  → @a1  Count."],
        ),
    ],
)
def test_the_users_word(decision: dict | None, told: list[str]) -> None:
    asked = step(0, kind="approval", agent=None, decision=decision)
    assert plain(plan.lines(asked)) == told
    assert plan.head(asked).plain == "? Your word is asked for"


def test_what_a_manager_writes_is_inert_and_short() -> None:
    hostile = {**DECISION, "reason": "\x1b[2J" + "x " * 1_000, "assignments": [
        {"agent": "a1", "brief": "[red]\x1b[2J" + "y " * 1_000}
    ]}  # fmt: skip
    lines = plain(plan.lines(route(1, hostile)))
    assert "\x1b" not in "".join(lines)
    assert max(map(len, lines)) < 320
    assert "[red]" in lines[1]


def test_what_the_calls_were_for() -> None:
    called = {"usage": USAGE | {"calls": 2}}
    steps = [
        route(1, DECISION, **called), done(1, "x"), done(2, "x"),
        done(0, "x", kind="synthesis", usage=USAGE),
    ]  # fmt: skip
    assert plan.calls({"steps": steps}) == "calls: 2 decisions, 2 answers"
    assert plan.calls({"steps": []}) == "calls: none"
