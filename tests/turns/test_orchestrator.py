"""Stories of an orchestrated turn, on the model server: what is asked, decided, answered, paid."""

from uuid import UUID

import orjson
import pytest

from pantheon.accounts.roles import Who
from pantheon.base.errors import Problem
from pantheon.ops.runtime import Runtime
from pantheon.rooms.limits import DEFAULTS
from pantheon.turns.sent import view_sent
from tests import make
from tests.fakes.process import requests
from tests.turns.drive import ended, log_of, rows, send
from tests.turns.stories import (
    FINISH,
    FIRST,
    SECOND,
    SYNTHESIS,
    THIRD,
    delegate,
    on,
    purposes,
    settings,
    short_waits,
    steps,
    story,
)

__all__ = ["settings", "short_waits"]


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
        briefed = await view_sent(conn, runtime.providers, who, UUID(turn["steps"][1]["id"]))
        synthesis = await view_sent(conn, runtime.providers, who, UUID(turn["steps"][4]["id"]))
    origins = [s["origin"] for s in briefed["sections"]]
    assert origins == ["role", "rules", "goal", "input", "brief"]
    assert briefed["sections"][4]["text"] == '<message from="@manager">\nCheck it, a0.\n</message>'
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
        ('{"action":"delegate","assignments":[{"agent":"a0","brief":"x"}]', "no complete JSON"),
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
    good = {**FINISH, "answer": "Hi"}
    # A script has one line for each reply.
    said = reply.replace("\n", " ")
    first = f"on {FIRST} => {said}" if said.startswith("as: ") else on(FIRST, said)
    turn = await story(runtime, who, on("no valid decision", good), first)
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


async def test_an_empty_reply_is_asked_for_once_more(runtime: Runtime, who: Who) -> None:
    turn = await story(runtime, who, f"on {FIRST} => as: empty", SYNTHESIS)
    assert (turn["status"], turn["stop_reason"]) == ("completed", "router_invalid")
    assert await purposes(runtime, who, turn) == [
        ("route", "failed", "empty_answer"),
        ("route", "failed", "empty_answer"),
        ("synthesis", "completed", None),
    ]


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
    assert turn["limits"] == {**DEFAULTS, **limits}
    assert turn["steps"][-1]["message"]["content"] == "All in all: go."


async def test_the_wall_clock_leads_to_the_synthesis(runtime: Runtime, who: Who) -> None:
    turn = await story(
        runtime, who, on(FIRST, delegate("a0", "a1")), on(SECOND, FINISH), SYNTHESIS,
        models=("ok", "stall"), limits={"turn_seconds": 1},
    )  # fmt: skip
    assert (turn["status"], turn["stop_reason"]) == ("partial", "turn_seconds")
    assert steps(turn)[-1] == ("synth", "completed")


async def test_the_wall_clock_in_a_later_round_loses_nothing_of_it(
    runtime: Runtime, who: Who
) -> None:
    turn = await story(
        runtime, who,
        on(FIRST, delegate("a0")),
        on(SECOND, delegate("a0", "a1", brief="Look again")),
        SYNTHESIS,
        models=("ok", "stall"), limits={"turn_seconds": 1},
    )  # fmt: skip
    assert (turn["status"], turn["stop_reason"]) == ("partial", "turn_seconds")
    assert [step["key"] for step in turn["steps"]] == [
        "route1", "r1.1:a0", "route2", "r2.1:a0", "r2.2:a1", "synth",
    ]  # fmt: skip
    async with runtime.db.transaction(who.workspace_id) as conn:
        sent = await view_sent(conn, runtime.providers, who, UUID(turn["steps"][-1]["id"]))
    heard = [(s["from"], "failed" in s["text"]) for s in sent["sections"] if s["from"]]
    assert heard == [("a0", False), ("a0", False), ("a1", True)]


async def test_what_no_text_can_hold_is_replaced_in_a_decision(runtime: Runtime, who: Who) -> None:
    hidden = orjson.dumps(delegate("a0")).decode().replace("Check", r"Ch\u0000eck\ud800")
    turn = await story(
        runtime, who, on(FIRST, hidden), on(SECOND, FINISH), SYNTHESIS, models=("echo", "ok")
    )
    assert turn["status"] == "completed"
    assert turn["steps"][0]["decision"]["assignments"][0]["brief"] == "Ch�eck� it, a0."
    assert "Ch�eck� it, a0." in turn["steps"][1]["message"]["content"]


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
