"""How fast turns may come, per user and per workspace, counted in PostgreSQL.

An allowance of N turns in a minute is a bucket: N turns may come at once, and each 60/N seconds
one more. The row holds one moment, that at which the bucket is full again (the generic cell rate
algorithm of ATM Forum TM 4.0, section 4.4.2): a turn moves it 60/N seconds on, and is refused where
it would then be more than a minute away.
"""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from uuid import UUID

from pantheon.accounts.roles import Who
from pantheon.base.errors import Problem, ProblemType
from pantheon.base.settings import Settings
from pantheon.db.pool import Connection

TOO_MANY_TURNS = ProblemType("too_many_turns", 429, "Too many turns in a short time")

MINUTE, HOUR = 60, 3600
PERIODS = {MINUTE: "a minute", HOUR: "an hour"}
MOST_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Rate:
    """An allowance: so many turns in so many seconds, for each user or for the workspace."""

    of_workspace: bool
    seconds: int
    turns: int


def rates_of(settings: Settings) -> tuple[Rate, ...]:
    """Return the allowances that the operator has set."""
    wanted = (
        (False, MINUTE, settings.turns_per_minute),
        (False, HOUR, settings.turns_per_hour),
        (True, MINUTE, settings.workspace_turns_per_minute),
        (True, HOUR, settings.workspace_turns_per_hour),
    )
    return tuple(Rate(whole, seconds, turns) for whole, seconds, turns in wanted if turns)


class Rates:
    """The allowances of this server, and whom it has refused already.

    A bucket fills by itself only: who was refused until a moment would be refused by the database
    again, and is told so without asking it for all that accepting a turn takes.
    """

    def __init__(self, rates: tuple[Rate, ...]) -> None:
        """Count by `rates`; with none of them nothing is asked of the database."""
        self.rates = rates
        self._refused: dict[UUID, tuple[float, Rate]] = {}

    @asynccontextmanager
    async def counting(self, conn: Connection, who: Who) -> AsyncIterator[None]:
        """Count the turn that is accepted in the block, in the block's transaction.

        The count comes last, so that nobody waits for its rows longer than a commit takes. Raises
        `too_many_turns` with `Retry-After`: then nothing of the block may be committed, nor is it
        counted.
        """
        for scope in (who.user_id, who.workspace_id):
            until, rate = self._refused.get(scope, (0.0, None))
            if rate is not None and until > monotonic():
                raise _too_many(rate, until - monotonic())
        yield
        if not self.rates:
            return
        waits = await _count(conn, who, self.rates)
        rate, wait = max(zip(self.rates, waits, strict=True), key=lambda found: found[1])
        if wait > 0:
            self._remember(who.workspace_id if rate.of_workspace else who.user_id, rate, wait)
            raise _too_many(rate, wait)

    def _remember(self, scope: UUID, rate: Rate, wait: float) -> None:
        now = monotonic()
        if len(self._refused) >= MOST_REMEMBERED:
            self._refused = {key: one for key, one in self._refused.items() if one[0] > now}
        if len(self._refused) < MOST_REMEMBERED:
            self._refused[scope] = (now + wait, rate)


async def _count(conn: Connection, who: Who, rates: tuple[Rate, ...]) -> list[float]:
    """Take a turn of each bucket; return the seconds by which each is overdrawn (> 0: refused)."""
    cursor = await conn.execute(
        """
        INSERT INTO turn_rates AS r (workspace_id, scope_id, seconds, full_at)
        SELECT %(workspace)s, l.scope_id, l.seconds,
            now() + floor(l.seconds * 1e6 / l.turns) * interval '1 microsecond'
        FROM unnest(%(scopes)s::uuid[], %(seconds)s::int[], %(turns)s::int[])
            AS l (scope_id, seconds, turns)
        ORDER BY l.scope_id = %(workspace)s, l.seconds
        ON CONFLICT (workspace_id, scope_id, seconds) DO UPDATE
        SET full_at = greatest(r.full_at, clock_timestamp()) + (excluded.full_at - now())
        RETURNING scope_id, seconds,
            extract(epoch FROM full_at - clock_timestamp())::float8 - seconds
        """,
        {
            "workspace": who.workspace_id,
            "scopes": [who.workspace_id if r.of_workspace else who.user_id for r in rates],
            "seconds": [rate.seconds for rate in rates],
            "turns": [rate.turns for rate in rates],
        },
    )
    over = {(scope, seconds): wait for scope, seconds, wait in await cursor.fetchall()}
    return [
        over[who.workspace_id if rate.of_workspace else who.user_id, rate.seconds] for rate in rates
    ]


def _too_many(rate: Rate, wait: float) -> Problem:
    whose = "The workspace" if rate.of_workspace else "You"
    seconds = math.ceil(wait)
    allowed = f"{rate.turns} turns in {PERIODS[rate.seconds]}"
    return TOO_MANY_TURNS(
        f"{whose} may begin {allowed}. Try again in {seconds} s.",
        headers={"Retry-After": str(seconds)},
    )
