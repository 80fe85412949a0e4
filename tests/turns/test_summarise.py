"""Summaries as steps: made before anything is cut, checked, used, and never asked for twice."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from pantheon.accounts.roles import Who
from pantheon.base import ids
from pantheon.base.settings import ModelSetting, ProviderSetting, Settings
from pantheon.context.quotes import PastTurn, Quote, Recap
from pantheon.ops.reconcile import reconcile
from pantheon.ops.runtime import Runtime
from pantheon.providers.types import Failure
from pantheon.sessions import messages
from pantheon.turns import step
from pantheon.turns.sent import sent_body, view_sent
from pantheon.turns.summarise import as_seen, find_due, prepare_summary
from pantheon.turns.types import Frozen, Seat
from tests import make
from tests.fakes.process import requests
from tests.turns.drive import direct_session, ended, log_of, rows, send, session_with

WINDOW = 4_096
LONG = "We talk about the plan and what has to be done for it, at some length and in plain words. "


@pytest.fixture
def settings(tmp_path: Path, fakes: str) -> Settings:
    """Settings with the fake server, some of whose models have a small window."""
    names = ("minutes", "minutes-empty", "minutes-once-empty", "minutes-wrong", "status-500")
    small = [
        ModelSetting.model_validate(
            {"id": name, "context_window": WINDOW, "capabilities": ["structured_outputs"]}
        )
        for name in names
    ]
    large = ModelSetting(id="ok-20", context_window=1_000_000)
    fake = ProviderSetting(base_url=fakes, models=[*small, large], any_model=True)
    return Settings(data_dir=tmp_path, lease_seconds=1, grace_seconds=2, providers={"fake": fake})


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "FIRST_WAIT_SECONDS", 0.02)


async def talk(runtime: Runtime, who: Who, session_id: UUID, turns: int) -> list[dict[str, Any]]:
    """Ask so many long questions, one after another; returns the turns."""
    asked = [f"Item {i} costs {i * 37} EUR. {LONG * 18}" for i in range(1, turns + 1)]
    return [await ended(runtime, who, await send(runtime, who, session_id, text)) for text in asked]


def summaries_of(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [s for turn in turns for s in turn["steps"] if s["kind"] == "summary"]


async def check_bodies(runtime: Runtime, who: Who, fakes: str, turns: list[dict[str, Any]]) -> int:
    """See that every request can be built again, and is what the model server received."""
    count = 0
    for turn in turns:
        for made in turn["steps"]:
            for number in range(1, made["attempts"] + 1):
                async with runtime.db.transaction(who.workspace_id) as conn:
                    given = (conn, runtime.providers, who, UUID(made["id"]), number)
                    told = await view_sent(*given)
                    body = await sent_body(*given)
                (request,) = requests(fakes, told["attempt_id"], settled_seconds=3)
                assert told["exact"]
                assert request["sha256"] == told["request_sha256"]
                assert told["budget"]["used"] == sum(s["tokens"] for s in told["sections"])
                messages = orjson.loads(body)["messages"]
                texts = "\n\n".join(message["content"] for message in messages)
                assert texts == "\n\n".join(section["text"] for section in told["sections"])
                usable = told["budget"]["window"] - told["budget"]["reply_reserve"]
                assert told["budget"]["used"] <= usable
                count += 1
    return count


async def test_old_turns_are_summarised_before_anything_is_cut(
    runtime: Runtime, who: Who, fakes: str
) -> None:
    session_id = await direct_session(runtime, who, "fake/minutes")
    turns = await talk(runtime, who, session_id, 16)
    assert {turn["status"] for turn in turns} == {"completed"}
    made = summaries_of(turns)
    assert len(made) >= 2
    assert {s["status"] for s in made} == {"completed"}
    assert made[0]["key"] == "summary:all"
    assert (made[0]["round"], made[0]["position"], made[0]["message"]) == (0, 1, None)
    assert made[0]["decision"]["from_turn"] == made[1]["decision"]["from_turn"] == 1
    assert made[1]["decision"]["to_turn"] > made[0]["decision"]["to_turn"]
    assert not any(turn["context"]["pruned"] for turn in turns)
    first = next(turn for turn in turns if summaries_of([turn]))
    summarised = [turn["context"]["summarised"] for turn in turns]
    assert summarised == [turn["index"] >= first["index"] for turn in turns]
    log = [(event.type, data) for event, data in await log_of(runtime, who, first)]
    told = next(data for kind, data in log if kind == "context.summarised")
    assert (told["summary_id"], told["scope"]) == (made[0]["decision"]["summary_id"], "all")
    kinds = [kind for kind, _ in log if kind.startswith(("context", "step."))]
    assert kinds[:3] == ["step.started", "step.completed", "context.summarised"]
    purposes = await rows(
        runtime, who, "SELECT purpose FROM llm_call_events WHERE turn_id = %s ORDER BY 1",
        first["id"],
    )  # fmt: skip
    assert purposes == [("answer",), ("summary",)]
    answer = first["steps"][1]
    async with runtime.db.transaction(who.workspace_id) as conn:
        sent = await view_sent(conn, runtime.providers, who, UUID(answer["id"]))
    recap = next(s for s in sent["sections"] if s["origin"] == "summary")
    assert recap["text"].startswith('<recap turns="1-')
    assert "Item 1 costs 37 EUR." in recap["text"]
    assert [action["kind"] for action in sent["actions"]] == ["summarised"]
    assert await check_bodies(runtime, who, fakes, turns) == 16 + len(made)
    assert [f for f in await reconcile(runtime.server.admin_url) if f.drift] == []


async def test_in_a_room_the_small_window_is_helped_and_the_large_one_sees_all(
    runtime: Runtime, who: Who, fakes: str
) -> None:
    session_id = await session_with(
        runtime, who, "fake/minutes", "fake/ok-20", mode="roundtable", goal="Plan"
    )
    turns = await talk(runtime, who, session_id, 9)
    last = turns[-1]
    assert summaries_of(turns)
    assert {s["agent"]["key"] for s in summaries_of(turns)} == {"a0"}
    actions = {}
    for made in last["steps"][-2:]:
        async with runtime.db.transaction(who.workspace_id) as conn:
            told = await view_sent(conn, runtime.providers, who, UUID(made["id"]))
        actions[made["agent"]["key"]] = [action["kind"] for action in told["actions"]]
    assert actions == {"a0": ["summarised"], "a1": []}
    await check_bodies(runtime, who, fakes, turns)


@pytest.mark.parametrize(
    ("model", "code", "attempts"),
    [("minutes-empty", "invalid_summary", 2), ("minutes-wrong", "invalid_summary", 2)],
)
async def test_an_invalid_summary_is_none_and_the_reason_is_visible(
    runtime: Runtime, who: Who, fakes: str, model: str, code: str, attempts: int
) -> None:
    session_id = await direct_session(runtime, who, f"fake/{model}")
    turns = await talk(runtime, who, session_id, 8)
    made = summaries_of(turns)
    assert {s["status"] for s in made} == {"failed"}
    assert {s["error"]["code"] for s in made} == {code}
    assert {s["attempts"] for s in made} == {attempts}
    assert {turn["status"] for turn in turns} == {"completed"}
    assert await rows(runtime, who, "SELECT count(*) FROM summaries") == [(0,)]
    pruned = [turn for turn in turns if turn["context"]["pruned"]]
    assert pruned
    async with runtime.db.transaction(who.workspace_id) as conn:
        answer = pruned[-1]["steps"][-1]
        sent = await view_sent(conn, runtime.providers, who, UUID(answer["id"]))
    (action,) = sent["actions"]
    assert action["kind"] == "pruned"
    assert action["reason"].endswith("; no summary: no valid summary")
    await check_bodies(runtime, who, fakes, turns)


async def test_an_invalid_summary_is_mended_once(runtime: Runtime, who: Who, fakes: str) -> None:
    session_id = await direct_session(runtime, who, "fake/minutes-once-empty")
    turns = await talk(runtime, who, session_id, 7)
    made = summaries_of(turns)
    assert {(s["status"], s["attempts"]) for s in made} == {("completed", 2)}
    await check_bodies(runtime, who, fakes, turns)


@pytest.mark.parametrize(
    ("operators", "rooms"),
    [("fake/minutes", None), (None, "fake/minutes"), ("fake/status-500", "fake/minutes")],
)
async def test_the_model_that_is_set_for_it_summarises(
    runtime: Runtime, who: Who, fakes: str, operators: str | None, rooms: str | None
) -> None:
    runtime.providers.summary_model = operators
    session_id = await session_with(
        runtime, who, "fake/status-500", mode="roundtable", summary_model=rooms
    )
    turns = await talk(runtime, who, session_id, 9)
    made = summaries_of(turns)
    assert made
    assert {s["status"] for s in made} == {"completed"}
    models = await rows(
        runtime, who, "SELECT DISTINCT model FROM llm_call_events WHERE purpose = 'summary'"
    )
    assert models == [("fake/minutes",)]
    await check_bodies(runtime, who, fakes, turns)


async def test_a_turn_is_not_born_leased_when_a_summary_is_due(runtime: Runtime, who: Who) -> None:
    session_id = await direct_session(runtime, who, "fake/minutes")
    turns = await talk(runtime, who, session_id, 8)
    born = {
        turn["index"]: (await log_of(runtime, who, turn))[1][0].type == "turn.started"
        and turn["steps"][0]["kind"] == "answer"
        for turn in turns
    }
    due = [turn["index"] for turn in turns if summaries_of([turn])]
    assert due
    assert [index for index, leased in born.items() if not leased] == due
    owner = await rows(
        runtime, who, "SELECT index FROM turns t JOIN turn_events e ON e.turn_id = t.id"
        " WHERE e.seq = 1 AND e.data -> 'turn' ->> 'status' = 'queued' ORDER BY 1",
    )  # fmt: skip
    assert [index for (index,) in owner] == due


PROMPT = ids.new()
SEAT = Seat(
    "id0", "ann", "Ann", 1, "demo/fast", 1, str(PROMPT), {"max_output_tokens": 1_024},
    {"policy": "everything"},
)  # fmt: skip


def frozen(*contexts: dict[str, Any], **given: Any) -> Frozen:
    seats = tuple(replace(SEAT, key=f"a{i}", context=context) for i, context in enumerate(contexts))
    return Frozen(seats, None, "parallel", {}, True, **given)


def past(index: int, size: int = 2_000, *recaps: Recap) -> PastTurn:
    said = Quote("a0", f"Answer {index}.", size)
    return PastTurn(index, Quote(None, f"Q{index}?", 10), (said,), recaps, id=ids.new())


def due_in(wanted: Frozen, history: list[PastTurn]) -> dict[str, Any]:
    return find_due(make.demo_providers(), wanted, {PROMPT: "You."}, history, Quote(None, "Q?", 2))


def test_one_summary_for_all_who_see_the_same() -> None:
    history = [past(i) for i in range(1, 15)]
    everything, own = {"policy": "everything"}, {"policy": "own"}
    due = due_in(frozen(everything, everything, own, {"policy": "last", "last_turns": 3}), history)
    assert list(due) == ["summary:all"]
    assert due["summary:all"].turns[0].index == 1
    own_due = due_in(frozen({"policy": "own"}), history)
    assert list(own_due) == ["summary:own:a0"]


def test_the_next_summary_goes_on_from_the_last_one() -> None:
    recap = Recap(ids.new(), "all", 1, 4, "Before.")
    history = [past(i, 2_000, *([recap] if i == 4 else [])) for i in range(1, 20)]
    (due,) = due_in(frozen({"policy": "everything"}), history).values()
    assert due.previous == recap
    assert due.turns[0].index == 5
    assert due.turns[-1].index + due.after == 19


def test_nothing_is_due_where_all_fits_or_nobody_may() -> None:
    few = [past(i) for i in range(1, 6)]
    many = [past(i) for i in range(1, 20)]
    assert due_in(frozen({"policy": "everything"}), few) == {}
    assert due_in(frozen({"policy": "last", "last_turns": 2}), many) == {}
    gone = frozen({"policy": "everything"})
    gone = replace(gone, seats=(replace(gone.seats[0], model="gone/m1"),))
    assert due_in(gone, many) == {}


def test_a_turn_that_fits_no_window_is_a_failure_of_the_summary() -> None:
    history = [past(i, 40_000) for i in range(1, 4)]
    (due,) = due_in(frozen({"policy": "everything"}), history).values()
    failure = prepare_summary(make.demo_providers(), frozen({"policy": "everything"}), due)
    assert isinstance(failure, Failure)
    assert (failure.code, failure.sent) == ("context_budget_exceeded", False)


def test_own_turns_are_without_others() -> None:
    turn = PastTurn(1, Quote(None, "Q", 1), (Quote("a0", "A", 1), Quote("a1", "B", 1)))
    assert as_seen("all", [turn]) == [turn]
    assert [q.text for q in as_seen("own:a1", [turn])[0].answers] == ["B"]


async def test_what_is_pinned_stays_in_full_however_old_it_is(
    runtime: Runtime, who: Who, fakes: str
) -> None:
    session_id = await direct_session(runtime, who, "fake/minutes")
    first = await ended(runtime, who, await send(runtime, who, session_id, "Never on Fridays."))
    ((message_id,),) = await rows(
        runtime, who, "SELECT input_message_id FROM turns WHERE id = %s", first["id"]
    )
    async with runtime.db.transaction(who.workspace_id) as conn:
        await messages.pin(conn, who, message_id, pinned=True)
    turns = await talk(runtime, who, session_id, 14)
    assert summaries_of(turns)
    async with runtime.db.transaction(who.workspace_id) as conn:
        answer = turns[-1]["steps"][-1]
        sent = await view_sent(conn, runtime.providers, who, UUID(answer["id"]))
    pinned = [s for s in sent["sections"] if s["origin"] == "pinned"]
    assert [s["text"] for s in pinned] == ["Never on Fridays."]
    assert pinned[0]["from"] == {"message_ids": [str(message_id)]}
    await check_bodies(runtime, who, fakes, turns)
