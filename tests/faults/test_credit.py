"""Credit for N turns, eight times as many asked for at once from two APIs: N are taken."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import httpx2

from pantheon.base.money import microcredits_of
from pantheon.ledger import wallets
from tests.faults.books import check
from tests.faults.conftest import Figures, Search, Size
from tests.faults.processes import Process
from tests.faults.world import World

CREDIT = 5
ASKED = 8 * CREDIT
# Running sums in the order in which the wallet was moved: each movement is made under its lock.
LOWEST = """
    SELECT min(free)::bigint, min(balance)::bigint, sum(moved)::bigint FROM (
        SELECT sum(wallet_microcredits) OVER so_far AS free,
            sum(wallet_microcredits + held_microcredits) OVER so_far AS balance,
            wallet_microcredits + held_microcredits + revenue_microcredits
                + provider_cost_microcredits + grants_microcredits AS moved
        FROM postings WINDOW so_far AS (ORDER BY created_at, id)
    ) AS movements
"""


async def race(here: World, apis: Sequence[Process], rounds: int) -> Counter[int | str]:
    """Ask in many new sessions at once, so many rounds, with credit for a few of them in each.

    Asserts that just those are taken, that the others are told why not, and that the wallet was
    never below nothing, in no moment between. Returns what was answered.
    """
    answers: Counter[int | str] = Counter()
    for at in range(rounds):
        sessions = [await here.session("direct", "stall") for _ in range(ASKED)]
        need = await needed(here, apis[0], sessions[0])
        # A little less than one more would need.
        await set_free(here, CREDIT * need + (need - 1) * (at % 2))
        round_ = await asyncio.gather(
            *(here.post(apis[i % len(apis)], s, "direct") for i, s in enumerate(sessions))
        )
        told_now = Counter(_told(response, need) for response in round_)
        answers += told_now
        assert told_now == {201: CREDIT, "402 insufficient_credits": ASKED - CREDIT}, told_now
        # The model never answers: what is held stays held until all have been told.
        for response in round_:
            if response.status_code == 201:
                ended = await here.cancel(apis[0], response.json(), "now")
                assert ended.status_code == 202
        await here.all_over()
    ((free, balance, moved),) = await here.rows(LOWEST)
    assert (free >= 0, balance >= 0, moved) == (True, True, 0), f"{free} free, {balance} had"
    return answers


async def needed(here: World, api: Process, session_id: UUID) -> int:
    """Return the micro-credits that the next turn of a session may need, as it is told before."""
    told = await here.forecast(api, session_id, "direct")
    need = microcredits_of(told["credits"]["high"])
    assert need > 0
    return need


async def set_free(here: World, microcredits: int) -> None:
    """Bring the wallet to what this round may spend, by a correction."""
    ((free,),) = await here.rows("SELECT balance_microcredits - held_microcredits FROM wallets")
    if microcredits != free:
        async with here.db.transaction(here.who.workspace_id) as conn:
            await wallets.grant(
                conn, here.who.workspace_id, microcredits - free, kind="correction", reason="Round"
            )


def _told(response: httpx2.Response, need: int) -> int | str:
    if response.status_code == 201:
        return 201
    problem = response.json()
    if problem.get("code") == "insufficient_credits":
        assert microcredits_of(problem["needed"]) == need
        assert microcredits_of(problem["free"]) < need
    return f"{response.status_code} {problem.get('code')}"


async def test_credit_for_n_turns_admits_n(here: World, size: Size, figures: Figures) -> None:
    rounds = size(3, 50)
    # A worker of its own process, and one beside an API, whose turns are born leased.
    apis = [await here.start("api"), await here.start("up")]
    await here.start("worker")
    answers = await race(here, apis, rounds)
    await check(here)
    figures(
        f"credit for {CREDIT} turns, {ASKED} POSTs at once to two APIs",
        rounds=rounds,
        taken=answers[201],
        refused_402=answers["402 insufficient_credits"],
        others=answers.total() - rounds * ASKED,
        moments_below_0=0,
        sum_of_postings=0,
    )


async def test_without_its_condition_more_than_n_are_taken(
    until_found: Search, figures: Figures
) -> None:
    """Control: the wallet is looked at before, and not in the statement that takes the hold."""

    async def race_freely(here: World) -> None:
        apis = [await here.start(kind, without=["condition"]) for kind in ("api", "up")]
        await race(here, apis, 3)

    found = await until_found(race_freely)
    figures("control: a race for credit without 'condition'", found=found)
