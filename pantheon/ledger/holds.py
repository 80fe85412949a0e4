"""Holds: the credits that a turn, or a call outside of turns, has reserved before it spends any.

Taken once, by one statement over the wallet and every budget that applies; each attempt earmarks
its worst case of it, each closing draws what it charges, and what is left is given back at the end.
Locks are taken in one order: hold, wallet, budgets.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.rows import class_row, dict_row

from pantheon.base import ids
from pantheon.base.errors import Problem, ProblemType
from pantheon.base.money import credits_text
from pantheon.db.pool import Connection
from pantheon.ledger.terms import WARN

INSUFFICIENT_CREDITS = ProblemType("insufficient_credits", 402, "Not enough credits")
BUDGET_EXCEEDED = ProblemType("budget_exceeded", 402, "A budget is used up")

NOBODY = UUID(int=0)


class NotCovered(Exception):
    """An attempt's worst case does not fit into what its hold has left."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one agent can need of a hold, in micro-credits. `once` is its first call's part."""

    agent_id: UUID | None
    agent_key: str
    most: int
    once: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """A hold to be taken. `scopes` are the ids whose budgets apply: workspace, user, room, session.

    `most` is what the calls can charge together, `limit` what the turn may spend at most. All in
    micro-credits.
    """

    workspace_id: UUID
    id: UUID
    turn_id: UUID | None
    enforcement: str
    scopes: Sequence[UUID]
    shares: Sequence[Share]
    most: int
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class _Taken:
    amount: int
    limit: int | None
    limit_budget: UUID | None
    from_wallet: bool
    lacking: list[UUID]


async def take(conn: Connection, wanted: Wanted) -> list[dict[str, str]]:
    """Reserve the credits of a turn or a call: from the wallet and from all budgets, or not at all.

    The hold is `most`, or what a budget of a turn allows where that is less. Returns warnings about
    what is too small where billing only warns. Raises `insufficient_credits` and
    `budget_exceeded`, which name what is too small: then nothing may be committed.
    """
    once = min((share.once for share in wanted.shares), default=0)
    async with conn.cursor(row_factory=class_row(_Taken)) as cursor:
        await cursor.execute(
            """
            WITH applicable AS (
                SELECT b.id, b.period, b.limit_microcredits AS most, a.key AS agent_key,
                    a.needed, (CASE b.period
                        WHEN 'day' THEN date_trunc('day', l.at)
                        WHEN 'month' THEN date_trunc('month', l.at) END)::date AS since
                FROM budgets b
                JOIN workspaces w ON w.id = b.workspace_id
                CROSS JOIN LATERAL (SELECT clock_timestamp() AT TIME ZONE w.time_zone AS at) l
                LEFT JOIN unnest(%(agents)s::uuid[], %(keys)s::text[], %(needs)s::bigint[])
                    AS a (id, key, needed) ON b.scope = 'agent' AND b.scope_id = a.id
                WHERE b.workspace_id = %(workspace)s AND b.deleted_at IS NULL
                  AND (b.scope_id = ANY (%(scopes)s::uuid[]) OR a.id IS NOT NULL)
            ), cap AS (
                SELECT least(%(limit)s::bigint, min(most)) AS most,
                    (array_agg(id ORDER BY most))[1] AS budget_id
                FROM applicable WHERE period = 'turn' AND agent_key IS NULL
            ), total AS (
                SELECT CASE WHEN %(warn)s THEN %(most)s::bigint ELSE least(%(most)s, most) END
                    AS amount FROM cap
            ), shares AS (
                SELECT a.id, a.since, a.most, a.period, a.agent_key, least(
                    t.amount, a.needed,
                    CASE WHEN a.period = 'turn' AND NOT %(warn)s THEN a.most END
                ) AS amount
                FROM applicable a CROSS JOIN total t
            ), wallet AS (
                UPDATE wallets w SET held_microcredits = w.held_microcredits + t.amount
                FROM total t
                WHERE w.workspace_id = %(workspace)s
                  AND (%(warn)s OR t.amount = 0
                       OR w.balance_microcredits - w.held_microcredits >= t.amount)
                RETURNING t.amount, w.closed_through,
                    w.balance_microcredits >= w.held_microcredits AS covered
            ), uses AS (
                INSERT INTO budget_uses AS u (workspace_id, budget_id, since, held_microcredits)
                SELECT %(workspace)s, s.id, s.since, s.amount
                FROM shares s CROSS JOIN wallet
                WHERE s.since IS NOT NULL AND (%(warn)s OR s.amount <= s.most)
                ON CONFLICT (workspace_id, budget_id, since) DO UPDATE
                SET held_microcredits = u.held_microcredits + excluded.held_microcredits
                WHERE %(warn)s OR excluded.held_microcredits = 0
                   OR u.spent_microcredits + u.held_microcredits + excluded.held_microcredits <= (
                       SELECT b.limit_microcredits FROM budgets b
                       WHERE b.workspace_id = u.workspace_id AND b.id = u.budget_id
                   )
                RETURNING u.budget_id, u.spent_microcredits + u.held_microcredits AS used
            ), hold AS (
                INSERT INTO holds (workspace_id, id, turn_id, amount_microcredits,
                    most_microcredits)
                SELECT %(workspace)s, %(id)s, %(turn)s, w.amount,
                    CASE WHEN NOT %(warn)s THEN cap.most END
                FROM wallet w CROSS JOIN cap
            ), kept AS (
                INSERT INTO budget_holds (workspace_id, hold_id, budget_id, since, agent_key,
                    amount_microcredits)
                SELECT %(workspace)s, %(id)s, s.id, s.since, s.agent_key, s.amount
                FROM shares s CROSS JOIN wallet
                WHERE s.since IS NOT NULL OR s.agent_key IS NOT NULL
            ), posted AS (
                INSERT INTO postings (workspace_id, id, kind, wallet_microcredits,
                    held_microcredits, hold_id, month)
                SELECT %(workspace)s, %(posting)s, 'hold', -amount, amount, %(id)s,
                    posting_month(%(workspace)s, closed_through)
                FROM wallet WHERE amount > 0
            )
            SELECT t.amount, cap.most AS limit, cap.budget_id AS limit_budget,
                coalesce((SELECT covered FROM wallet), false) AS from_wallet,
                ARRAY(
                    SELECT s.id FROM shares s CROSS JOIN wallet
                    LEFT JOIN uses u ON u.budget_id = s.id
                    WHERE s.since IS NOT NULL AND s.amount > 0
                      AND (u.budget_id IS NULL OR u.used > s.most)
                ) AS lacking
            FROM total t CROSS JOIN cap
            """,
            {
                "workspace": wanted.workspace_id,
                "id": wanted.id,
                "turn": wanted.turn_id,
                "posting": ids.new(),
                "warn": wanted.enforcement == WARN,
                "scopes": list(wanted.scopes),
                "agents": [share.agent_id or NOBODY for share in wanted.shares],
                "keys": [share.agent_key for share in wanted.shares],
                "needs": [share.most for share in wanted.shares],
                "most": wanted.most,
                "limit": wanted.limit,
            },
        )
        taken = await cursor.fetchone()
    assert taken is not None
    found = await _refusals(conn, wanted, taken, once)
    if found and wanted.enforcement != WARN:
        raise found[0]
    return [{"code": problem.kind.code, "detail": problem.detail} for problem in found]


async def extend(
    conn: Connection, workspace_id: UUID, hold_id: UUID, agent_key: str | None, need: int,
    reserve: int, enforcement: str,
) -> bool:  # fmt: skip
    """Raise a hold so far that an attempt's worst case fits, from the wallet and all budgets.

    False where one of them has not as much, or a budget of the turn forbids it: then nothing may
    be committed.
    """
    cursor = await conn.execute(
        """
        WITH short AS (
            SELECT id, greatest(0, drawn_microcredits + earmarked_microcredits + %(need)s
                + %(reserve)s - amount_microcredits) AS by
            FROM holds
            WHERE workspace_id = %(workspace)s AND id = %(hold)s AND released_at IS NULL
              AND (most_microcredits IS NULL OR drawn_microcredits + earmarked_microcredits
                   + %(need)s + %(reserve)s <= most_microcredits)
        ), wallet AS (
            UPDATE wallets w SET held_microcredits = w.held_microcredits + s.by
            FROM short s
            WHERE w.workspace_id = %(workspace)s
              AND (%(warn)s OR s.by = 0 OR w.balance_microcredits - w.held_microcredits >= s.by)
            RETURNING s.by, w.closed_through
        ), hold AS (
            UPDATE holds h SET amount_microcredits = h.amount_microcredits + w.by FROM wallet w
            WHERE h.workspace_id = %(workspace)s AND h.id = %(hold)s
        ), lacking AS (
            SELECT b.budget_id, b.since, b.drawn_microcredits + b.earmarked_microcredits
                + %(need)s - b.amount_microcredits AS by
            FROM budget_holds b CROSS JOIN wallet
            WHERE b.workspace_id = %(workspace)s AND b.hold_id = %(hold)s
              AND (b.agent_key IS NULL OR b.agent_key = %(agent)s)
              AND b.drawn_microcredits + b.earmarked_microcredits + %(need)s
                  > b.amount_microcredits
        ), uses AS (
            UPDATE budget_uses u SET held_microcredits = u.held_microcredits + l.by
            FROM lacking l
            WHERE u.workspace_id = %(workspace)s AND u.budget_id = l.budget_id
              AND u.since = l.since
              AND (%(warn)s OR u.spent_microcredits + u.held_microcredits + l.by <= (
                  SELECT b.limit_microcredits FROM budgets b
                  WHERE b.workspace_id = u.workspace_id AND b.id = u.budget_id
              ))
            RETURNING u.budget_id
        ), shares AS (
            UPDATE budget_holds b SET amount_microcredits = b.amount_microcredits + l.by
            FROM lacking l
            WHERE b.workspace_id = %(workspace)s AND b.hold_id = %(hold)s
              AND b.budget_id = l.budget_id
              AND (%(warn)s AND l.since IS NULL OR l.budget_id IN (SELECT budget_id FROM uses))
            RETURNING b.budget_id
        ), posted AS (
            INSERT INTO postings (workspace_id, id, kind, wallet_microcredits, held_microcredits,
                hold_id, month)
            SELECT %(workspace)s, %(posting)s, 'raise', -by, by, %(hold)s,
                posting_month(%(workspace)s, closed_through)
            FROM wallet WHERE by > 0
        )
        SELECT (SELECT count(*) FROM wallet) = 1
            AND (SELECT count(*) FROM lacking) = (SELECT count(*) FROM shares)
        """,
        {
            "workspace": workspace_id,
            "hold": hold_id,
            "agent": agent_key,
            "need": need,
            "reserve": reserve,
            "warn": enforcement == WARN,
            "posting": ids.new(),
        },
    )
    row = await cursor.fetchone()
    assert row is not None
    return bool(row[0])


async def release(conn: Connection, workspace_id: UUID, hold_id: UUID) -> None:
    """Give back what is left of a hold; whatever ends the turn or the call does so."""
    await conn.execute(
        """
        WITH hold AS (
            UPDATE holds SET released_at = clock_timestamp()
            WHERE workspace_id = %(workspace)s AND id = %(hold)s AND released_at IS NULL
            RETURNING amount_microcredits - drawn_microcredits AS rest
        ), wallet AS (
            UPDATE wallets w SET held_microcredits = w.held_microcredits - h.rest FROM hold h
            WHERE w.workspace_id = %(workspace)s
            RETURNING h.rest, w.closed_through
        ), uses AS (
            UPDATE budget_uses u SET held_microcredits = u.held_microcredits
                - (b.amount_microcredits - b.drawn_microcredits)
            FROM budget_holds b CROSS JOIN wallet
            WHERE b.workspace_id = %(workspace)s AND b.hold_id = %(hold)s
              AND u.workspace_id = b.workspace_id AND u.budget_id = b.budget_id
              AND u.since = b.since
        )
        INSERT INTO postings (workspace_id, id, kind, wallet_microcredits, held_microcredits,
            hold_id, month)
        SELECT %(workspace)s, %(posting)s, 'release', rest, -rest, %(hold)s,
            posting_month(%(workspace)s, closed_through)
        FROM wallet WHERE rest > 0
        """,
        {"workspace": workspace_id, "hold": hold_id, "posting": ids.new()},
    )


async def _refusals(conn: Connection, wanted: Wanted, taken: _Taken, once: int) -> list[Problem]:
    """Return what is too small for a hold: budgets first, since they say whose it is."""
    found = []
    limit = taken.limit
    if limit is not None and limit < once:
        found.append(await _turn_budget(conn, wanted, taken.limit_budget, limit, once))
    if taken.lacking:
        found += await _budgets(conn, wanted, taken.lacking, taken.amount)
    if not taken.from_wallet and taken.amount > 0:
        found.append(await _wallet(conn, wanted, taken.amount))
    return found


async def _wallet(conn: Connection, wanted: Wanted, needed: int) -> Problem:
    cursor = await conn.execute(
        """
        SELECT balance_microcredits, held_microcredits FROM wallets
        WHERE workspace_id = %(workspace)s
        """,
        {"workspace": wanted.workspace_id},
    )
    balance, held = await cursor.fetchone() or (0, 0)
    if wanted.enforcement == WARN:
        # This hold is among what is reserved by now.
        held -= needed
    free = balance - held
    return INSUFFICIENT_CREDITS(
        f"This needs up to {credits_text(needed)} credits; {credits_text(free)} are free and"
        f" {credits_text(held)} reserved by what runs. Ask the operator for more, or lower"
        " 'limits.credits'.",
        **_figures({"scope": "wallet"}, needed, free, held),
    )


async def _turn_budget(
    conn: Connection, wanted: Wanted, budget_id: UUID | None, limit: int, once: int
) -> Problem:
    budget: dict[str, Any] = {"scope": "turn", "period": "turn"}
    if budget_id is not None and limit != wanted.limit:
        budget = (await _named(conn, wanted.workspace_id, [budget_id]))[0]
    return BUDGET_EXCEEDED(
        f"A turn may spend {credits_text(limit)} credits here, and not one call of this fits: it"
        f" needs up to {credits_text(once)}.",
        **_figures(budget, once, limit, 0),
    )


async def _budgets(
    conn: Connection, wanted: Wanted, lacking: Sequence[UUID], amount: int
) -> list[Problem]:
    needs = {share.agent_id: min(share.most, amount) for share in wanted.shares}
    problems = []
    for budget in await _named(conn, wanted.workspace_id, lacking):
        needed = amount
        if budget["scope"] == "agent":
            needed = needs[UUID(budget["scope_id"])]
        held = int(budget.pop("held")) - (needed if wanted.enforcement == WARN else 0)
        free = int(budget.pop("limit_microcredits")) - int(budget.pop("spent")) - held
        problems.append(
            BUDGET_EXCEEDED(
                f"The {budget['period']}'s budget of the {budget['scope']} has"
                f" {credits_text(free)} credits free and {credits_text(held)} reserved by what"
                f" runs; this needs up to {credits_text(needed)}.",
                **_figures(budget, needed, free, held),
            )
        )
    return problems


async def _named(
    conn: Connection, workspace_id: UUID, budget_ids: Sequence[UUID]
) -> list[dict[str, Any]]:
    async with conn.cursor(row_factory=dict_row) as rows:
        await rows.execute(
            """
            SELECT b.id::text, b.scope, b.scope_id::text, b.period, b.limit_microcredits,
                coalesce(u.spent_microcredits, 0) AS spent,
                coalesce(u.held_microcredits, 0) AS held
            FROM budgets b
            LEFT JOIN LATERAL (
                SELECT * FROM budget_uses u
                WHERE u.workspace_id = b.workspace_id AND u.budget_id = b.id
                ORDER BY since DESC LIMIT 1
            ) u ON true
            WHERE b.workspace_id = %(workspace)s AND b.id = ANY (%(ids)s)
            ORDER BY b.id
            """,
            {"workspace": workspace_id, "ids": list(budget_ids)},
        )
        return await rows.fetchall()


def _figures(budget: Mapping[str, Any], needed: int, free: int, held: int) -> dict[str, Any]:
    """Return the members of the problem that tell how much is missing, as decimal strings."""
    shown = {name: budget[name] for name in budget if name in ("id", "scope", "scope_id", "period")}
    return {
        "budget": shown,
        "needed": credits_text(needed),
        "free": credits_text(free),
        "reserved": credits_text(held),
    }
