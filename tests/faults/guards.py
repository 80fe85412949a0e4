"""What holds the promises, each with a way to take it off: a harness that stays green then is void.

A guard is taken off in a forked process under test, before it serves, never in the package.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from pantheon.accounts.roles import Who
from pantheon.api.routes import turns as routes
from pantheon.base.errors import Problem
from pantheon.db import wake
from pantheon.db.pool import Connection, Database
from pantheon.events import event_log, follow, hub
from pantheon.events.types import NewEvent, TurnRef
from pantheon.ledger import attempts, charges, holds, prices
from pantheon.ops import runtime
from pantheon.providers import chat_frames
from pantheon.sessions import sessions
from pantheon.turns import accept, leases, run, step, work
from pantheon.turns.place import Place
from pantheon.turns.types import TurnRow
from pantheon.worker import main


def switch_off(guard: str) -> None:
    """Take a guard off in this process. Raises KeyError for one that is not known."""
    GUARDS[guard]()


def _without_fence() -> None:
    """Whoever held a lease once may write for ever."""

    async def fence(
        conn: Connection, ref: TurnRef, epoch: int, count: int, *, settles: bool = False
    ) -> int:
        return await event_log.reserve(conn, ref, count)

    async def append(conn: Connection, ref: TurnRef, _: int, event: NewEvent) -> None:
        await event_log.write(conn, ref, await event_log.reserve(conn, ref, 1), [event])

    event_log.fence, event_log.append = fence, append


def _without_lost() -> None:
    """A new lease does not settle what the old one left open."""

    async def close_lost(*_: Any, **__: Any) -> list[Any]:
        return []

    attempts.close_lost = close_lost


def _without_read_through() -> None:
    """A run does not know what earlier runs of its turn have stored."""
    load = run._load

    async def forgetful(*given: Any) -> Any:
        loaded = await load(*given)
        steps = [replace(row, status="pending", content=None) for row in loaded.steps]
        return replace(loaded, steps=steps)

    run._load = forgetful


def _without_committed() -> None:
    """Whoever closes an attempt does not see that it was closed before."""
    close = attempts.close

    async def close_blindly(*given: Any, **named: Any) -> bool:
        await close(*given, **named)
        return True

    attempts.close = close_blindly


def _without_not_found() -> None:
    """A session that is not there is nothing that anybody has thought of."""
    see = sessions.see

    async def trust(*given: Any) -> Any:
        try:
            return await see(*given)
        except Problem as problem:
            raise RuntimeError("no session") from problem

    sessions.see = trust


def _without_condition() -> None:
    """Whether there is enough is looked at first, and taken afterwards whatever is left by then."""
    take = holds.take

    async def look_first(conn: Connection, wanted: holds.Wanted) -> list[dict[str, str]]:
        cursor = await conn.execute(
            "SELECT balance_microcredits - held_microcredits >= %s FROM wallets", (wanted.most,)
        )
        row = await cursor.fetchone()
        enough = row is not None and row[0]
        return await take(conn, replace(wanted, enforcement="warn") if enough else wanted)

    holds.take = look_first


def _without_exact() -> None:
    """A micro-credit too much is charged where something is."""
    charge = prices.microcredits

    def rounded_up(*given: Any) -> int:
        exact = charge(*given)
        return exact + 1 if exact else 0

    charges.microcredits = rounded_up


def _without_fairness() -> None:
    """Whoever has asked first is answered first."""

    async def claim(
        conn: Connection, worker_id: UUID, _: Any, seconds: float, limit: int, **__: Any
    ) -> list[TurnRow]:
        async with conn.cursor(row_factory=class_row(TurnRow)) as cursor:
            await cursor.execute(
                """
                UPDATE turns SET status = 'running', lease_epoch = lease_epoch + 1,
                    lease_owner = %(worker)s, started_at = clock_timestamp(),
                    lease_expires_at = clock_timestamp() + make_interval(secs => %(seconds)s)
                WHERE id IN (SELECT id FROM turns WHERE status = 'queued'
                             ORDER BY created_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
                RETURNING *
                """,
                {"worker": worker_id, "seconds": seconds, "limit": limit},
            )
            return await cursor.fetchall()

    leases.claim = claim


def _without_drain() -> None:
    """A worker that is asked to end leaves as it is."""

    async def leave(*_: Any) -> None:
        return None

    main._drain = leave


def _without_head() -> None:
    """A session's head moves wherever it has moved meanwhile."""

    async def move_head(conn: Connection, who: Who, place: Place, turn_id: UUID, text: str) -> None:
        await conn.execute(
            "UPDATE sessions SET head_turn_id = %s, turn_count = turn_count + 1 WHERE id = %s",
            (turn_id, place.id),
        )

    accept._move_head = move_head


def _without_sanitise() -> None:
    """What a provider sends is taken as it is."""
    chat_frames.sanitise = lambda text: text


def _without_values() -> None:
    """A provider's failure is an exception."""
    call_model = step.call_model

    async def call(*given: Any) -> Any:
        reply = await call_model(*given)
        if reply.failure is not None:
            raise RuntimeError(reply.failure.code)
        return reply

    step.call_model = call


def _without_wake() -> None:
    """Nobody tells a process what another has committed, and it does not look by itself."""

    async def poll(_: hub.Hub) -> None:
        return None

    hub.Hub._poll = poll
    hub.Hub._elsewhere = lambda *_: None


def _without_notify() -> None:
    """What a process says to the others is lost on the way."""

    async def send(self: wake.Wake, _: Any) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            self._waiting.clear()

    wake.Wake._send = send


def _without_own_statement() -> None:
    """The NOTIFY stands in the transaction that it tells of."""
    transaction = Database.transaction

    @asynccontextmanager
    async def telling(
        db: Database, workspace_id: UUID | None, *, snapshot: bool = False
    ) -> AsyncIterator[Connection]:
        async with transaction(db, workspace_id, snapshot=snapshot) as conn:
            yield conn
            if conn.notices:
                await conn.execute("SELECT pg_notify('elsewhere', 'something')")

    Database.transaction = telling


def _without_poll() -> None:
    """Whoever waits for a wake-up waits for it alone."""
    runtime.poll_seconds = lambda _: 3600.0


def _without_over() -> None:
    """A cancel does not look whether there is anything to cancel."""

    async def request_cancel(conn: Connection, who: Who, turn_id: UUID, when: str) -> None:
        await conn.execute("UPDATE turns SET cancel_requested = %s WHERE id = %s", (when, turn_id))

    routes.request_cancel = request_cancel


def _without_persistence() -> None:
    """A transaction is tried once, and no connection is waited for."""

    async def persist(
        db: Database, turn: TurnRow, control: work.Control, write: Callable[[Connection], Any]
    ) -> Any:
        db._app.timeout = 0.2
        async with db.transaction(turn.workspace_id) as conn:
            return await write(conn)

    work._persist = persist


def _without_prefix() -> None:
    """A frame's id runs ahead of what the reader has been given."""

    def ahead(follower: follow._Follower) -> str:
        return f"{follower.at[0]}.{follower.at[1] + 1}"

    follow._Follower._id = ahead


GUARDS: dict[str, Callable[[], None]] = {
    "committed": _without_committed,
    "condition": _without_condition,
    "drain": _without_drain,
    "exact": _without_exact,
    "fairness": _without_fairness,
    "fence": _without_fence,
    "head": _without_head,
    "lost": _without_lost,
    "not_found": _without_not_found,
    "notify": _without_notify,
    "over": _without_over,
    "own_statement": _without_own_statement,
    "persistence": _without_persistence,
    "poll": _without_poll,
    "prefix": _without_prefix,
    "read_through": _without_read_through,
    "sanitise": _without_sanitise,
    "values": _without_values,
    "wake": _without_wake,
}
