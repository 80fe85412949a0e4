"""A model that finds a request too long: it is asked once more with less, or fails alone."""

from pathlib import Path
from uuid import UUID

import pytest

from pantheon.accounts.roles import Who
from pantheon.base.settings import ModelSetting, ProviderSetting, Settings
from pantheon.ops.reconcile import reconcile
from pantheon.ops.runtime import Runtime
from pantheon.providers.ratios import Ratios
from pantheon.turns.recall import recall_ratios
from pantheon.turns.sent import view_sent
from tests.turns.drive import direct_session, ended, log_of, rows, send, session_with
from tests.turns.test_summarise import check_bodies, summaries_of

WORDS = "We talk about the plan and what has to be done for it, at some length and in plain words. "


@pytest.fixture
def settings(tmp_path: Path, fakes: str) -> Settings:
    """A server whose models read less than the operator says."""
    names = ("limit-2000", "limit-1", "ok-20")
    models = [ModelSetting(id=name, context_window=8_192) for name in names]
    fake = ProviderSetting(base_url=fakes, models=models)
    return Settings(data_dir=tmp_path, lease_seconds=1, grace_seconds=2, providers={"fake": fake})


async def test_less_is_sent_once_more_and_the_limit_is_known_from_then_on(
    runtime: Runtime, who: Who, fakes: str
) -> None:
    session_id = await direct_session(runtime, who, "fake/limit-2000")
    turns = [
        await ended(runtime, who, await send(runtime, who, session_id, f"{i}. {WORDS * 18}"))
        for i in range(1, 9)
    ]
    assert {turn["status"] for turn in turns} == {"completed"}
    refused = [turn for turn in turns if turn["steps"][-1]["attempts"] == 2]
    assert [turn["index"] for turn in refused] == [5]
    (step,) = refused[0]["steps"]
    sent = {}
    async with runtime.db.transaction(who.workspace_id) as conn:
        for number in (1, 2):
            given = (conn, runtime.providers, who, UUID(step["id"]), number)
            sent[number] = await view_sent(*given)
    assert sent[1]["actions"] == []
    assert [action["kind"] for action in sent[2]["actions"]] == ["pruned"]
    assert sent[1]["budget"]["ratio"] < sent[2]["budget"]["ratio"]
    outcomes = await rows(
        runtime, who, "SELECT outcome, error_code, charged_microcredits FROM llm_call_events"
        " WHERE turn_id = %s ORDER BY number", refused[0]["id"],
    )  # fmt: skip
    assert [tuple(row)[:2] for row in outcomes] == [
        ("failed", "context_too_long"), ("completed", None)
    ]  # fmt: skip
    kinds = [event.type for event, _ in await log_of(runtime, who, refused[0])]
    assert kinds.count("step.retrying") == 1
    # The guard knows it now: what does not fit is summarised before the answer.
    assert summaries_of(turns[5:])
    # So does the next process.
    known = runtime.providers.ratios.of("fake/limit-2000")
    runtime.providers.ratios = Ratios()
    async with runtime.db.transaction(who.workspace_id) as conn:
        await recall_ratios(conn, runtime.providers, who.workspace_id)
    assert runtime.providers.ratios.of("fake/limit-2000") == known > 1.5
    await check_bodies(runtime, who, fakes, turns)
    assert [f for f in await reconcile(runtime.server.admin_url) if f.drift] == []


async def test_where_nothing_can_be_left_out_that_agent_alone_fails(
    runtime: Runtime, who: Who
) -> None:
    session_id = await session_with(
        runtime, who, "fake/limit-1", "fake/ok-20", mode="roundtable", goal="Plan"
    )
    turn = await ended(runtime, who, await send(runtime, who, session_id, WORDS * 20))
    assert turn["status"] == "partial"
    failed, answered = turn["steps"]
    assert (failed["status"], failed["attempts"]) == ("failed", 1)
    assert failed["error"]["code"] == "context_too_long"
    assert "At most 1 tokens fit." in failed["error"]["detail"]
    assert answered["status"] == "completed"


async def test_it_is_asked_once_more_only(runtime: Runtime, who: Who) -> None:
    session_id = await session_with(
        runtime, who, "fake/ok-20", "fake/ok-20", mode="roundtable", goal="Plan"
    )
    for _ in range(5):
        await ended(runtime, who, await send(runtime, who, session_id, WORDS * 20))
    sent = await send(runtime, who, session_id, "And now?", models={"a1": "fake/limit-1"})
    turn = await ended(runtime, who, sent)
    answered, failed = turn["steps"]
    assert (answered["status"], failed["status"], turn["status"]) == (
        "completed", "failed", "partial",
    )  # fmt: skip
    assert (failed["attempts"], failed["error"]["code"]) == (2, "context_too_long")
