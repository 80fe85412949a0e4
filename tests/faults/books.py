"""The oracles: the books against themselves and against what the model server saw."""

import asyncio
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pantheon.ops.reconcile import reconcile
from pantheon.turns.timeline import view_timeline
from pantheon.turns.view import view_turn
from tests.fakes.process import requests
from tests.faults.billing import CALLS, WALLET, check_charges, seal_all
from tests.faults.world import World


@dataclass(frozen=True, slots=True)
class Tally:
    """What the books of a world that stood the check hold.

    `lost`: requests that came to the model server and whose answer nobody kept.
    """

    turns: int
    steps: int
    requests: int
    lost: int
    credits: int

    @property
    def said(self) -> dict[str, int]:
        """The figures of a row."""
        return {"turns": self.turns, "requests": self.requests, "lost_requests": self.lost}


async def check(here: World) -> Tally:
    """Assert every invariant that a world at rest can show; returns what its books hold."""
    check_logs(here)
    await seal_all(here.db, here.who)
    await check_drift(here)
    tally = await check_requests(here)
    await check_money(here)
    await check_views(here)
    return tally


def check_logs(here: World) -> None:
    """Assert that no process told of an error that nobody had thought of."""
    for process in here.processes:
        _, found, after = process.said().partition("Traceback")
        error = next((line for line in after.splitlines()[1:] if line[:1].strip()), "")
        assert not found, f"{process.kind} told of {error}\n{found}{after[:5000]}"


async def check_drift(here: World) -> None:
    """Assert that the books agree with themselves: I1 to I6, I9."""
    drift = [
        f"{finding.check.id} {finding.check.says}: {finding.rows}"
        for finding in await reconcile(here.server.admin_url)
        if finding.drift
    ]
    assert not drift, drift


async def check_requests(here: World) -> Tally:
    """Assert that the ledger tells what the model server saw (I2, I5).

    Each request there has one attempt by its id, whose hash is that of the body. An attempt that
    never arrived is lost, or its call event says that it was not sent. A step with its result is
    not asked again, and what it charged is what its one completed call cost.
    """
    found = await here.rows(
        """
        SELECT a.id::text, e.outcome, e.sent, encode(a.request_sha256, 'hex'),
               a.opened_at > s.finished_at, e.charged_microcredits
        FROM llm_call_attempts a
        JOIN steps s ON s.workspace_id = a.workspace_id AND s.id = a.step_id
        LEFT JOIN llm_call_events e
          ON e.workspace_id = a.workspace_id AND e.attempt_id = a.id
        """
    )
    ledger = {row[0]: row[1:] for row in found}
    log = await asyncio.to_thread(requests, here.fakes)
    seen = [entry for entry in log if entry["path"].startswith(here.path)]
    times = Counter(entry["id"] for entry in seen)
    completed = {attempt for attempt, row in ledger.items() if row[0] == "completed"}
    answered = {entry["id"] for entry in seen if entry["outcome"] == "completed"}
    _none({i for i in times if i not in ledger}, "requests that no attempt tells of")
    _none({i for i, count in times.items() if count > 1}, "requests that were sent twice")
    _none({e["id"] for e in seen if e["sha256"] != ledger[e["id"]][2]}, "bodies that differ")
    _none(
        {i for i, row in ledger.items() if i not in times and row[0] != "lost" and row[1]},
        "attempts that tell of a request which never came",
    )
    _none({row[0] for row in found if row[4]}, "requests of steps that had their result")
    _none(completed - answered, "answers that the model server did not finish")
    asked = await here.rows(
        """
        SELECT (SELECT count(*) FROM turn_events WHERE type = 'turn.awaiting_input'),
               (SELECT count(*) FROM steps WHERE kind = 'approval' AND started_at IS NOT NULL
                AND source_step_id IS NULL)
        """
    )
    assert asked[0][0] == asked[0][1], f"{asked[0][1]} approvals were asked {asked[0][0]} times"
    counted = await here.rows("SELECT (SELECT count(*) FROM turns), (SELECT count(*) FROM steps)")
    lost = sum(ledger[attempt][0] == "lost" for attempt in times)
    credits = sum(row[4] or 0 for row in ledger.values())
    return Tally(*counted[0], len(seen), lost, credits)


async def check_money(here: World) -> int:
    """Assert that calls charged what they must, and that the wallet has what is left (I1).

    Reckoned again from the model server's log. Returns how many calls the server has priced.
    """
    log = await asyncio.to_thread(requests, here.fakes)
    charged, reported = check_charges(await here.rows(CALLS), {entry["id"]: entry for entry in log})
    ((balance, held, granted, moved),) = await here.rows(WALLET)
    open_turns = await here.rows("SELECT id FROM turns WHERE finished_at IS NULL")
    assert open_turns or held == 0, f"{held} micro-credits stay reserved"
    assert balance == granted - charged, f"{balance} left of {granted}, {charged} were charged"
    assert moved == 0, f"postings sum to {moved}"
    ((unsealed,),) = await here.rows(
        "SELECT count(*) FROM llm_call_events"
        " WHERE created_at >= (SELECT coalesce(max(until), '-infinity') FROM seals)"
    )
    assert unsealed == 0, f"{unsealed} calls are in no seal"
    return reported


async def check_views(here: World) -> None:
    """Assert that timeline, turn and the turn's last event agree (I9)."""
    ends = {
        row[0]: row[1]
        for row in await here.rows(
            """
            SELECT t.id, e.data -> 'turn' FROM turns t
            JOIN turn_events e ON e.workspace_id = t.workspace_id AND e.turn_id = t.id
                AND e.seq = t.last_seq
            WHERE t.finished_at IS NOT NULL
            """
        )
    }
    sessions = await here.rows("SELECT DISTINCT session_id FROM turns")
    shown: dict[UUID, Any] = {}
    async with here.db.transaction(here.who.workspace_id, snapshot=True) as conn:
        for (session_id,) in sessions:
            cursor = None
            while True:
                page = await view_timeline(
                    conn, here.who, session_id, limit=100, cursor=cursor, everything=True
                )
                shown |= {UUID(turn["id"]): turn for turn in page["items"]}
                cursor = page["next_cursor"]
                if cursor is None:
                    break
        _none(
            {i for i, told in ends.items() if _as_it_was(shown[i], told) != told},
            "turns that are told otherwise",
        )
        for turn_id in list(ends)[:20]:
            assert await view_turn(conn, here.who, turn_id) == shown[turn_id]


def _as_it_was(shown: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """Return a turn without the siblings that its steps have got since by a retry."""
    known = {step["id"]: step["siblings"] for step in told["steps"]}
    steps = [
        {**step, "siblings": [s for s in step["siblings"] if s in known.get(step["id"], ())]}
        for step in shown["steps"]
    ]
    return {**shown, "steps": steps}


def _none(found: Collection[object], what: str) -> None:
    assert not found, f"{len(found)} {what}: {sorted(map(str, found))[:10]}"
