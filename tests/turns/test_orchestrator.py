"""Stories of an orchestrated turn, on the model server: what is asked, decided, answered, paid.

The manager's model says what its role prompt tells it for each round: `Left: 3 rounds` stands in
what it is asked first, `Left: 2 rounds` second, and `Write the answer` in the synthesis.
"""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from pantheon.accounts.roles import Who
from pantheon.base.errors import Problem
from pantheon.base.settings import ModelSetting, ProviderSetting, Settings
from pantheon.ops.reconcile import reconcile
from pantheon.ops.runtime import Runtime
from pantheon.turns import step
from pantheon.turns.approve import decide, expire
from pantheon.turns.cancel import request_cancel
from pantheon.turns.retry import retry_turn
from pantheon.turns.sent import view_sent
from pantheon.turns.work import Control
from tests import make
from tests.fakes.process import requests
from tests.turns.drive import ended, log_of, rows, send, until, view
from tests.turns.test_leases import claim, run

FIRST, SECOND, THIRD = "Left: 3 rounds", "Left: 2 rounds", "Left: 1 rounds"
FINISH = {"action": "finish", "assignments": [], "answer": None, "reason": "Enough."}
SYNTHESIS = "on Write the answer => say: All in all: go."


@pytest.fixture
def settings(tmp_path: Path, fakes: str) -> Settings:
    """Settings with the fake server: one model can be held to a schema, the others cannot."""
    strict = ModelSetting.model_validate(
        {"id": "scripted", "context_window": 32_768, "capabilities": ["structured_outputs"]}
    )
    fake = ProviderSetting(base_url=fakes, models=[strict], any_model=True)
    return Settings(data_dir=tmp_path, lease_seconds=1, grace_seconds=2, providers={"fake": fake})


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "FIRST_WAIT_SECONDS", 0.02)


def delegate(*asked: str, brief: str = "Check it") -> dict[str, Any]:
    """Return a decision that asks these agents."""
    assignments = [{"agent": agent, "brief": f"{brief}, {agent}."} for agent in asked]
    return {"action": "delegate", "assignments": assignments, "answer": None, "reason": "Views."}


def on(when: str, decision: Any) -> str:
    """Return the line of a role prompt that makes the manager decide so, when it is asked so."""
    text = decision if isinstance(decision, str) else orjson.dumps(decision).decode()
    return f"on {when} => say: {text}"


async def room_session(
    runtime: Runtime, who: Who, *script: str, models: tuple[str, ...] = ("ok", "ok"), **room: Any
) -> UUID:
    """Open a session in an orchestrator's room; `script` is the manager's, `models` its agents'."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        agents = [
            await make.make_agent(conn, who, f"a{i}", model=f"fake/{model}")
            for i, model in enumerate(models)
        ]
        manager = {"model": "fake/scripted", "prompt": "\n".join(script)}
        made = await make.make_room(
            conn, who, agents=agents, goal="Ship", mode="orchestrator", modes=("orchestrator",),
            manager=manager, **room,
        )  # fmt: skip
        session = await make.make_session(conn, who, room=made)
    return UUID(session["id"])


async def story(runtime: Runtime, who: Who, *script: str, **given: Any) -> dict[str, Any]:
    """Let a manager with this script answer one question; returns the turn that is over."""
    wanted = {name: given.pop(name) for name in ("limits", "approve") if name in given}
    session_id = await room_session(runtime, who, *script, **given)
    accepted = await send(runtime, who, session_id, "Ship it?", **wanted)
    turn = await ended(runtime, who, accepted)
    drift = [f for f in await reconcile(runtime.server.admin_url) if f.drift]
    assert drift == []
    log = await log_of(runtime, who, turn)
    assert log[-1][1]["turn"] == turn
    assert [event.seq for event, _ in log] == list(range(1, len(log) + 1))
    return turn


def steps(turn: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the keys and statuses of a turn's steps."""
    return [(step["key"], step["status"]) for step in turn["steps"]]


async def purposes(runtime: Runtime, who: Who, turn: Any) -> list[tuple[str, str, str | None]]:
    """Return what the turn's calls were for, and how they ended, in their order."""
    found = await rows(
        runtime,
        who,
        """
        SELECT purpose, outcome, error_code FROM llm_call_events
        WHERE turn_id = %s ORDER BY attempt_id
        """,
        turn["id"],
    )
    return list(found)


async def test_a_greeting_costs_one_call(runtime: Runtime, who: Who) -> None:
    turn = await story(runtime, who, on(FIRST, {**FINISH, "answer": "Hello there."}))
    assert (turn["status"], turn["stop_reason"]) == ("completed", None)
    assert steps(turn) == [("route1", "completed"), ("synth", "completed")]
    assert turn["steps"][1]["message"]["content"] == "Hello there."
    assert turn["steps"][1]["kind"] == "synthesis"
    assert turn["steps"][1]["usage"]["calls"] == 0
    assert await purposes(runtime, who, turn) == [("route", "completed", None)]


async def test_two_of_five_are_asked_and_one_answer_comes_out(
    runtime: Runtime, who: Who, fakes: str
) -> None:
    turn = await story(
        runtime, who, on(FIRST, delegate("a1", "a3")), on(SECOND, FINISH), SYNTHESIS,
        models=("ok",) * 5,
    )  # fmt: skip
    assert steps(turn) == [
        ("route1", "completed"),
        ("r1.1:a1", "completed"),
        ("r1.2:a3", "completed"),
        ("route2", "completed"),
        ("synth", "completed"),
    ]
    assert [(s["round"], s["position"]) for s in turn["steps"]] == [
        (1, 0), (1, 1), (1, 2), (2, 0), (3, 0),
    ]  # fmt: skip
    assert turn["steps"][0]["decision"]["assignments"][1]["agent"] == "a3"
    assert turn["steps"][4]["message"]["content"] == "All in all: go."
    assert turn["steps"][4]["agent"]["key"] == "manager"
    assert [p for p, _, _ in await purposes(runtime, who, turn)] == [
        "route", "answer", "answer", "route", "synthesis",
    ]  # fmt: skip
    log = await rows(runtime, who, "SELECT attempt_id::text FROM llm_call_events")
    seen = [r for (i,) in log for r in requests(fakes, i, settled_seconds=3)]
    assert len(seen) == 5


async def test_the_decision_is_told_as_an_event_and_never_as_text(
    runtime: Runtime, who: Who
) -> None:
    turn = await story(runtime, who, on(FIRST, delegate("a0", "a1")), on(SECOND, FINISH), SYNTHESIS)
    log = await log_of(runtime, who, turn)
    routes = {s["id"] for s in turn["steps"] if s["kind"] == "route"}
    assert not any(e.type == "step.delta" and d["step_id"] in routes for e, d in log)
    decided = [d for e, d in log if e.type == "route.decided"]
    assert [d["decision"]["action"] for d in decided] == ["delegate", "finish"]
    assert [s["key"] for s in decided[0]["steps"]] == ["r1.1:a0", "r1.2:a1"]
    assert {s["status"] for s in decided[0]["steps"]} == {"pending"}


async def test_the_whole_roster_of_six(runtime: Runtime, who: Who) -> None:
    everybody = [f"a{i}" for i in range(6)]
    turn = await story(
        runtime, who, on(FIRST, delegate(*everybody)), on(SECOND, FINISH), SYNTHESIS,
        models=("ok",) * 6,
    )  # fmt: skip
    answers = [s["agent"]["key"] for s in turn["steps"] if s["kind"] == "answer"]
    assert answers == everybody


async def test_a_second_round_is_asked_for(runtime: Runtime, who: Who) -> None:
    turn = await story(
        runtime, who,
        on(FIRST, delegate("a0")),
        on(SECOND, delegate("a1", brief="Look again")),
        on(THIRD, FINISH),
        SYNTHESIS,
    )  # fmt: skip
    assert [key for key, _ in steps(turn)] == [
        "route1", "r1.1:a0", "route2", "r2.1:a1", "route3", "synth",
    ]  # fmt: skip
    assert (turn["status"], turn["stop_reason"]) == ("completed", None)


async def test_a_specialist_sees_its_brief_and_the_manager_sees_all(
    runtime: Runtime, who: Who
) -> None:
    turn = await story(
        runtime, who, on(FIRST, delegate("a0", "a1")), on(SECOND, FINISH), SYNTHESIS,
        models=("echo", "status-400"),
    )  # fmt: skip
    told = turn["steps"][1]["message"]["content"]
    assert '<message from="@manager">\nCheck it, a0.\n</message>' in told
    assert "a1" not in told.split("</message>")[-2]
    async with runtime.db.transaction(who.workspace_id) as conn:
        briefed = await view_sent(conn, who, UUID(turn["steps"][1]["id"]))
        synthesis = await view_sent(conn, who, UUID(turn["steps"][4]["id"]))
    assert [s["origin"] for s in briefed["sections"]] == ["role", "input", "brief"]
    assert briefed["sections"][2]["text"] == '<message from="@manager">\nCheck it, a0.\n</message>'
    texts = [s["text"] for s in synthesis["sections"] if s["origin"] == "earlier"]
    assert "(asked: Check it, a0.)" in texts[0]
    assert 'status="failed"' in texts[1]
    assert "These could not answer: @a1" in synthesis["sections"][-1]["text"]
    assert turn["status"] == "partial"


@pytest.mark.parametrize(
    ("reply", "mended"),
    [
        ('```json\n{"action":"finish","assignments":[],"answer":"Hi","reason":""}\n```', None),
        ('Sure! {"action":"finish","assignments":[],"answer":"Hi","reason":""} Done.', None),
        ('<think>{"a": 1}</think>{"action":"finish","answer":"Hi"}', None),
        ('{"action":"finish","assignments":[],"answer":"Hi","reason":"",}', None),
        ("I would ask a0 and a1.", "no complete JSON object"),
        ('{"action":"delegate","assignments":[{"agent":"zoe","brief":"x"}]}', "no agent zoe"),
        ('{"action":"finish","assignments":[{"agent":"a0","brief":"x"}]}', "no assignments"),
        ('{"action":"delegate","assignments":[]}', "at least one"),
        ('{"action":"think"}', "action"),
        ("as: huge-1", "characters"),
        ('{"action":"delegate","assignments":[{"agent":"a0","bri', "no complete JSON object"),
    ],
)
async def test_a_broken_reply_is_read_or_mended_once(
    runtime: Runtime, who: Who, reply: str, mended: str | None
) -> None:
    said = reply.replace("\n", " ") if "```" not in reply else reply.replace("\n", "\\n")
    good = {**FINISH, "answer": "Hi"}
    said = said.replace("\\n", " ")
    first = f"on {FIRST} => {said}" if said.startswith("as: ") else on(FIRST, said)
    script = [on("no valid decision", good), first]
    turn = await story(runtime, who, *script)
    assert turn["status"] == "completed"
    assert turn["steps"][-1]["message"]["content"] == "Hi"
    calls = await purposes(runtime, who, turn)
    if mended is None:
        assert calls == [("route", "completed", None)]
    else:
        assert calls == [
            ("route", "failed", "invalid_decision"),
            ("repair", "completed", None),
        ]
        log = await log_of(runtime, who, turn)
        (told,) = [d["error"] for e, d in log if e.type == "step.retrying"]
        assert mended in told["detail"]


async def test_a_reply_cut_at_the_length_limit_is_refused(runtime: Runtime, who: Who) -> None:
    whole = orjson.dumps({**FINISH, "answer": "Hi"}).decode()
    turn = await story(runtime, who, on("no valid decision", whole), f"on {FIRST} => cut: {whole}")
    assert [(p, c) for p, _, c in await purposes(runtime, who, turn)] == [
        ("route", "invalid_decision"),
        ("repair", None),
    ]


async def test_a_manager_that_never_decides_still_gives_an_answer(
    runtime: Runtime, who: Who
) -> None:
    turn = await story(runtime, who, SYNTHESIS, "say: Hm.")
    assert (turn["status"], turn["stop_reason"]) == ("completed", "router_invalid")
    assert steps(turn) == [("route1", "failed"), ("synth", "completed")]
    assert turn["steps"][0]["error"]["code"] == "invalid_decision"
    assert [p for p, _, _ in await purposes(runtime, who, turn)] == [
        "route", "repair", "synthesis",
    ]  # fmt: skip


async def test_a_manager_whose_provider_fails(runtime: Runtime, who: Who) -> None:
    turn = await story(runtime, who, "as: status-400")
    assert (turn["status"], turn["stop_reason"]) == ("failed", "router_invalid")
    assert steps(turn) == [("route1", "failed"), ("synth", "failed")]


async def test_all_specialists_fail(runtime: Runtime, who: Who) -> None:
    turn = await story(
        runtime, who, on(FIRST, delegate("a0", "a1")), on(SECOND, FINISH), SYNTHESIS,
        models=("status-400", "status-401"),
    )  # fmt: skip
    assert turn["status"] == "partial"
    assert turn["steps"][-1]["status"] == "completed"


async def test_a_failed_synthesis_shows_the_specialists(runtime: Runtime, who: Who) -> None:
    turn = await story(
        runtime, who, on(FIRST, delegate("a0")), on(SECOND, FINISH),
        "on Write the answer => as: status-400",
    )  # fmt: skip
    assert turn["status"] == "partial"
    assert turn["steps"][-1]["error"]
    assert turn["steps"][1]["message"]["content"].startswith("w0")


@pytest.mark.parametrize(
    ("limits", "reason", "answers"),
    [
        ({"rounds": 1}, "rounds", 2),
        ({"calls": 1}, "calls", 1),
        ({"calls_per_agent": 1}, "calls_per_agent", 2),
    ],
)
async def test_each_cap_leads_to_the_synthesis(
    runtime: Runtime, who: Who, limits: dict[str, int], reason: str, answers: int
) -> None:
    turn = await story(
        runtime, who,
        on("Left: 1 rounds", delegate("a0", "a1")),
        on(FIRST, delegate("a0", "a1")),
        on(SECOND, delegate("a0", "a1", brief="Look again")),
        SYNTHESIS,
        limits=limits,
    )  # fmt: skip
    assert (turn["status"], turn["stop_reason"]) == ("completed", reason)
    assert len([s for s in turn["steps"] if s["kind"] == "answer"]) == answers
    assert turn["steps"][-1]["message"]["content"] == "All in all: go."


async def test_the_wall_clock_leads_to_the_synthesis(runtime: Runtime, who: Who) -> None:
    turn = await story(
        runtime, who, on(FIRST, delegate("a0", "a1")), on(SECOND, FINISH), SYNTHESIS,
        models=("ok", "stall"), limits={"turn_seconds": 1},
    )  # fmt: skip
    assert (turn["status"], turn["stop_reason"]) == ("partial", "turn_seconds")
    assert steps(turn)[-1] == ("synth", "completed")


async def test_the_same_again_is_a_stall(runtime: Runtime, who: Who) -> None:
    turn = await story(
        runtime, who, on(FIRST, delegate("a0")), on(SECOND, delegate("a0")), SYNTHESIS
    )
    assert (turn["status"], turn["stop_reason"]) == ("completed", "stall")
    assert [key for key, _ in steps(turn)] == ["route1", "r1.1:a0", "route2", "synth"]


async def test_an_agent_of_the_room_can_manage(runtime: Runtime, who: Who) -> None:
    async with runtime.db.transaction(who.workspace_id) as conn:
        boss = await make.make_agent(
            conn, who, "boss", model="fake/scripted",
            role_prompt="\n".join([on(FIRST, delegate("a0")), on(SECOND, FINISH), SYNTHESIS]),
        )  # fmt: skip
        worker = await make.make_agent(conn, who, "a0", model="fake/ok")
        room = await make.make_room(
            conn, who, agents=[boss, worker], goal="Ship", mode="orchestrator",
            modes=("orchestrator",), manager={"agent_id": boss["id"]},
        )  # fmt: skip
        session = await make.make_session(conn, who, room=room)
    turn = await ended(runtime, who, await send(runtime, who, UUID(session["id"]), "Ship it?"))
    assert turn["status"] == "completed"
    assert [seat["key"] for seat in turn["roster"]] == ["a0"]
    assert turn["steps"][-1]["agent"]["key"] == "boss"


async def test_a_room_without_a_goal_is_refused(runtime: Runtime, who: Who) -> None:
    async with runtime.db.transaction(who.workspace_id) as conn:
        session = await make.make_session(conn, who)
    with pytest.raises(Problem) as caught:
        await send(runtime, who, UUID(session["id"]), mode="orchestrator")
    assert caught.value.kind.code == "goal_required"
    assert await rows(runtime, who, "SELECT 1 FROM turns") == []


async def answer(runtime: Runtime, who: Who, turn: Any, action: str, **given: Any) -> None:
    """Give the user's word."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        await decide(conn, who, UUID(turn["id"]), UUID(turn["approval"]["id"]), action, **given)


async def waiting(runtime: Runtime, who: Who, *script: str, **given: Any) -> dict[str, Any]:
    """Send a question and return its turn when it waits for the user."""
    session_id = await room_session(runtime, who, *script, **given)
    accepted = await send(runtime, who, session_id, "Ship it?")
    await until(runtime, who, accepted, "turn.awaiting_input")
    turn = await view(runtime, who, accepted)
    assert turn["status"] == "awaiting_input"
    assert await rows(
        runtime, who, "SELECT lease_owner, lease_expires_at FROM turns WHERE id = %s", turn["id"]
    ) == [(None, None)]
    return turn


PLAN = (on(FIRST, delegate("a0", "a1")), on(SECOND, FINISH), SYNTHESIS)


async def test_a_plan_is_approved_with_edits_and_a_word(runtime: Runtime, who: Who) -> None:
    turn = await waiting(runtime, who, *PLAN, models=("echo", "echo"), approve="plan")
    assert [a["agent"] for a in turn["approval"]["proposal"]["assignments"]] == ["a0", "a1"]
    edited = [{"agent": "a1", "brief": "Only the price."}]
    await answer(runtime, who, turn, "approve", assignments=edited, note="Mind the budget.")
    over = await ended(runtime, who, turn)
    assert over["status"] == "completed"
    assert [key for key, _ in steps(over)] == [
        "route1", "approve1", "r1.1:a1", "route2", "synth",
    ]  # fmt: skip
    assert "Only the price." in over["steps"][2]["message"]["content"]
    async with runtime.db.transaction(who.workspace_id) as conn:
        sent = await view_sent(conn, who, UUID(over["steps"][4]["id"]))
    assert any("Mind the budget." in s["text"] for s in sent["sections"])
    assert over["approval"] is None


async def test_of_two_answers_one_is_heard(runtime: Runtime, who: Who) -> None:
    turn = await waiting(runtime, who, *PLAN, approve="each_round")
    results = await asyncio.gather(
        *(answer(runtime, who, turn, "approve") for _ in range(6)), return_exceptions=True
    )
    refused = [r for r in results if isinstance(r, Problem)]
    assert len(refused) == 5
    assert {r.kind.code for r in refused} == {"approval_closed"}
    assert (await ended(runtime, who, turn))["status"] == "completed"


async def test_a_stop_ends_in_a_synthesis(runtime: Runtime, who: Who) -> None:
    turn = await waiting(runtime, who, *PLAN, approve="plan")
    await answer(runtime, who, turn, "stop")
    over = await ended(runtime, who, turn)
    assert (over["status"], over["stop_reason"]) == ("completed", "stopped")
    assert [key for key, _ in steps(over)] == ["route1", "approve1", "synth"]


async def test_nobody_answers_in_time(runtime: Runtime, who: Who) -> None:
    turn = await waiting(runtime, who, *PLAN, approve="plan")
    async with runtime.db.transaction(who.workspace_id) as conn:
        assert await expire(conn, who.workspace_id, UUID(turn["id"]))
    over = await ended(runtime, who, turn)
    assert (over["status"], over["stop_reason"]) == ("completed", "approval_expired")
    with pytest.raises(Problem) as caught:
        await answer(runtime, who, turn, "approve")
    assert caught.value.kind.code == "approval_closed"


async def test_assignments_that_cannot_be_are_refused(runtime: Runtime, who: Who) -> None:
    turn = await waiting(runtime, who, *PLAN, approve="plan")
    for wrong in ([], [{"agent": "zoe", "brief": "x"}], [{"agent": "a0", "brief": " "}]):
        with pytest.raises(Problem) as caught:
            await answer(runtime, who, turn, "approve", assignments=wrong)
        assert caught.value.kind.code == "validation_error"
    assert (await view(runtime, who, turn))["status"] == "awaiting_input"


async def test_a_waiting_turn_can_be_cancelled(runtime: Runtime, who: Who) -> None:
    turn = await waiting(runtime, who, *PLAN, approve="plan")
    async with runtime.db.transaction(who.workspace_id) as conn:
        await request_cancel(conn, who, UUID(turn["id"]), "now")
    over = await ended(runtime, who, turn)
    assert over["status"] == "cancelled"
    assert dict(steps(over))["approve1"] == "cancelled"


@pytest.mark.parametrize("phase", ["route1", "r1.1:a0", "synth"])
async def test_a_cancel_in_each_phase(runtime: Runtime, who: Who, phase: str) -> None:
    slow = "paced-1-20-1000"
    scripts = {
        "route1": (f"as: {slow}",),
        "r1.1:a0": (on(FIRST, delegate("a0")), SYNTHESIS),
        "synth": (on(FIRST, delegate("a0")), on(SECOND, FINISH), f"as: {slow}"),
    }
    models = (slow, "ok") if phase == "r1.1:a0" else ("ok", "ok")
    session_id = await room_session(runtime, who, *scripts[phase], models=models)
    accepted = await send(runtime, who, session_id, "Ship it?")
    await until(runtime, who, accepted, "step.started", step=phase)
    async with runtime.db.transaction(who.workspace_id) as conn:
        await request_cancel(conn, who, UUID(accepted["id"]), "now")
    over = await ended(runtime, who, accepted)
    assert over["status"] == "cancelled"
    assert dict(steps(over))[phase] == "cancelled"


async def test_a_failed_specialist_is_retried_and_the_synthesis_made_anew(
    runtime: Runtime, who: Who, tmp_path: Path
) -> None:
    turn = await story(
        runtime, who, on(FIRST, delegate("a0", "a1")), on(SECOND, FINISH), SYNTHESIS,
        models=("ok", f"flaky-3-{tmp_path.name}"),
    )  # fmt: skip
    assert turn["status"] == "partial"
    async with runtime.db.transaction(who.workspace_id) as conn:
        again = await retry_turn(conn, runtime.providers, who, UUID(turn["id"]))
    over = await ended(runtime, who, again)
    assert over["status"] == "completed"
    taken = {s["key"]: s["source_step_id"] is not None for s in over["steps"]}
    assert taken == {
        "route1": True, "r1.1:a0": True, "r1.2:a1": False, "route2": True, "synth": False,
    }  # fmt: skip
    assert [s["stale"] for s in over["steps"]] == [False, False, False, True, False]
    assert [p for p, _, _ in await purposes(runtime, who, over)] == ["answer", "synthesis"]


async def test_a_round_table_pauses_between_agents(runtime: Runtime, who: Who) -> None:
    async with runtime.db.transaction(who.workspace_id) as conn:
        agents = [await make.make_agent(conn, who, f"a{i}", model="fake/echo") for i in range(3)]
        room = await make.make_room(
            conn, who, agents=agents, mode="roundtable", approve="each_agent"
        )
        session = await make.make_session(conn, who, room=room)
    turn = await send(runtime, who, UUID(session["id"]), "Ship it?")
    for times, note in enumerate(("And the price?", None), start=1):
        await until(runtime, who, turn, "turn.awaiting_input", times=times)
        turn = await view(runtime, who, turn)
        assert turn["approval"]["kind"] == "next_agent"
        await answer(runtime, who, turn, "approve", note=note)
    over = await ended(runtime, who, turn)
    assert [key for key, _ in steps(over)] == [
        "s0:a0", "approve1", "s1:a1", "approve2", "s2:a2",
    ]  # fmt: skip
    assert over["status"] == "completed"
    assert (
        '<message from="user">\nAnd the price?\n</message>'
        in (over["steps"][4]["message"]["content"])
    )
    assert "And the price?" not in over["steps"][0]["message"]["content"]


@pytest.mark.parametrize("closed", range(5))
async def test_a_replay_reads_the_decisions_and_asks_nobody_again(
    idle: Runtime, who: Who, closed: int
) -> None:
    session_id = await room_session(
        idle, who, on(FIRST, delegate("a0", "a1")), on(SECOND, FINISH), SYNTHESIS
    )
    accepted = await send(idle, who, session_id, "Ship it?")
    for _ in range(closed):
        # A worker that loses its lease after each step that it closes.
        for turn in await claim(idle, seconds=0):
            await run(idle, turn, lost_after_one_step(idle))
    for turn in await claim(idle):
        await run(idle, turn)
    over = await view(idle, who, accepted)
    assert over["status"] == "completed"
    completed = await rows(
        idle, who, "SELECT step_id FROM llm_call_events WHERE outcome = 'completed'"
    )
    assert len(completed) == len(set(completed)) == 5


def lost_after_one_step(runtime: Runtime) -> Control:
    """Return the control of a run that ends when its first step has its result."""
    control = Control()

    def look(notices: Any) -> None:
        for notice in notices:
            if notice.kind == "events" and any(
                event.type == "step.completed" for event in notice.payload
            ):
                control.stop("lease_lost")

    runtime.db.listeners.append(look)
    return control
