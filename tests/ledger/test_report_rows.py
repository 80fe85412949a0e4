"""Tests of `pantheon.ledger.report_rows`: what its statements put together is what calls say."""

from collections import defaultdict
from decimal import Decimal

import pytest

from pantheon.ledger.reports import report
from pantheon.ledger.usage import list_calls
from tests.ledger.history import make_history
from tests.ledger.sums import sum_all

NAMES = {"room": "room_id", "session": "session_id", "turn": "turn_id", "agent": "agent_key"}
CALLS = 900


@pytest.mark.parametrize(
    "groups",
    [
        ["session"], ["turn"], ["session", "room"], ["room", "session", "turn"],
        ["agent", "room", "model"], ["purpose"], ["session", "agent"],
    ],
)  # fmt: skip
async def test_groups_are_the_sums_of_their_calls_the_dearest_first(db, who, server, groups):
    """The calls are added up here, apart from the database."""
    make_history(server, who, calls=CALLS, days=40)
    await sum_all(db, who)
    async with db.transaction(who.workspace_id, snapshot=True) as conn:
        calls = (await list_calls(conn, who, limit=CALLS + 1))["items"]
        items = (await report(conn, who, groups, limit=CALLS))["items"]
    cost: dict[tuple, Decimal] = defaultdict(Decimal)
    tokens: dict[tuple, int] = defaultdict(int)
    for call in calls:
        key = tuple(call[NAMES.get(name, name)] for name in groups)
        cost[key] += Decimal(call["usage"]["cost_usd"] or 0)
        tokens[key] += call["usage"]["output_tokens"]
    found = {tuple(item[name] for name in groups): item["usage"] for item in items}
    assert len(calls) == CALLS
    assert len(found) == len(items)
    assert {key: usage["output_tokens"] for key, usage in found.items()} == tokens
    for key, usage in found.items():
        # A call's cost is shown to a millionth, a sum is rounded once.
        assert abs(Decimal(usage["cost_usd"] or 0) - cost[key]) <= Decimal("0.000001") * CALLS
    costs = [Decimal(item["usage"]["cost_usd"] or 0) for item in items]
    assert costs == sorted(costs, reverse=True)
