"""`Idempotency-Key`: a POST that creates or charges does so once, however often it is sent."""

from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

from fastapi import Request

from pantheon.accounts.roles import Who
from pantheon.base.errors import INVALID, Problem, ProblemType
from pantheon.db.pool import Connection, Database

KEY_REUSED = ProblemType("idempotency_key_reused", 422, "The key was used for something else")

IN_PROGRESS = ProblemType("idempotency_in_progress", 409, "The first request still runs")

LONGEST_KEY = 255
KEPT_HOURS = 24
KEPT_SECONDS_OPEN = 60


async def create_once(
    request: Request,
    db: Database,
    who: Who,
    make: Callable[[Connection], Awaitable[Mapping[str, Any]]],
    render: Callable[[Connection, UUID], Awaitable[Mapping[str, Any]]],
) -> Mapping[str, Any]:
    """Run `make` in a transaction and return the resource that it made (which has an `id`).

    With an `Idempotency-Key` a repetition makes nothing: the resource of the first is rendered
    anew by `render`. One that comes while the first still runs waits for it. What `make` raises
    rolls everything back, so that the next try begins anew.
    Raises `idempotency_key_reused` where the key came with another body.
    """
    row = await _row(request, who)
    if row is None:
        async with db.transaction(who.workspace_id) as conn:
            return await make(conn)
    async with db.transaction(who.workspace_id) as conn:
        if await _claim(conn, row):
            made = await make(conn)
            await _settle(conn, row, 201, UUID(made["id"]))
            return made
        earlier = await _earlier(conn, row)
    return await _rendered(db, who, render, earlier)


async def call_once(
    request: Request,
    db: Database,
    who: Who,
    call: Callable[[], Awaitable[tuple[UUID, Mapping[str, Any]]]],
    render: Callable[[Connection, UUID], Awaitable[Mapping[str, Any]]],
) -> Mapping[str, Any]:
    """Run `call`, which asks somebody outside, with no transaction open; return its result.

    `call` gives the id under which `render` finds the result again. With an `Idempotency-Key` a
    repetition calls nobody. One that comes while the first still runs is refused: raises
    `idempotency_in_progress`, for 60 seconds at most, and `idempotency_key_reused`.
    """
    row = await _row(request, who)
    if row is None:
        return (await call())[1]
    async with db.transaction(who.workspace_id) as conn:
        earlier = None if await _claim(conn, row) else await _earlier(conn, row)
    if earlier is not None:
        return await _rendered(db, who, render, earlier)
    try:
        result_id, result = await call()
    except Problem:
        async with db.transaction(who.workspace_id) as conn:
            await _give_up(conn, row)
        raise
    async with db.transaction(who.workspace_id) as conn:
        await _settle(conn, row, 200, result_id)
    return result


async def _rendered(
    db: Database,
    who: Who,
    render: Callable[[Connection, UUID], Awaitable[Mapping[str, Any]]],
    earlier: UUID,
) -> Mapping[str, Any]:
    """Render what an earlier request made as it is at one moment: it may be changing."""
    async with db.transaction(who.workspace_id, snapshot=True) as conn:
        return await render(conn, earlier)


async def _row(request: Request, who: Who) -> dict[str, Any] | None:
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not key or len(key) > LONGEST_KEY:
        raise INVALID(f"An Idempotency-Key has 1 to {LONGEST_KEY} characters.")
    return {
        "workspace": who.workspace_id,
        "user": who.user_id,
        "method": request.method,
        "path": request.url.path,
        "key": key,
        "body": sha256(await request.body()).digest(),
        "hours": KEPT_HOURS,
        "seconds_open": KEPT_SECONDS_OPEN,
    }


async def _claim(conn: Connection, row: Mapping[str, Any]) -> bool:
    """Take the key, waiting for whoever has it in an open transaction; false if it is taken."""
    taken = await conn.execute(
        """
        INSERT INTO idempotency_keys (workspace_id, user_id, method, path, key, body_sha256)
        VALUES (%(workspace)s, %(user)s, %(method)s, %(path)s, %(key)s, %(body)s)
        ON CONFLICT (workspace_id, user_id, method, path, key) DO UPDATE
        SET body_sha256 = excluded.body_sha256, status = NULL, resource_id = NULL,
            created_at = excluded.created_at
        WHERE idempotency_keys.created_at < now() - make_interval(hours => %(hours)s)
           OR idempotency_keys.status IS NULL
              AND idempotency_keys.created_at < now() - make_interval(secs => %(seconds_open)s)
        """,
        row,
    )
    return taken.rowcount == 1


async def _earlier(conn: Connection, row: Mapping[str, Any]) -> UUID:
    cursor = await conn.execute(
        """
        SELECT body_sha256, resource_id FROM idempotency_keys
        WHERE workspace_id = %(workspace)s AND user_id = %(user)s AND method = %(method)s
          AND path = %(path)s AND key = %(key)s
        """,
        row,
    )
    found = await cursor.fetchone()
    assert found is not None, "nobody removes a key within its 24 hours"
    body, resource_id = found
    if body != row["body"]:
        raise KEY_REUSED("This Idempotency-Key came with another body before. Use a new key.")
    if resource_id is None:
        raise IN_PROGRESS(
            "The first request with this Idempotency-Key is not answered yet. Try again shortly.",
            headers={"Retry-After": "5"},
        )
    return UUID(str(resource_id))


async def _settle(conn: Connection, row: Mapping[str, Any], status: int, resource_id: UUID) -> None:
    await conn.execute(
        """
        UPDATE idempotency_keys SET status = %(status)s, resource_id = %(resource)s
        WHERE workspace_id = %(workspace)s AND user_id = %(user)s AND method = %(method)s
          AND path = %(path)s AND key = %(key)s
        """,
        {**row, "status": status, "resource": resource_id},
    )


async def _give_up(conn: Connection, row: Mapping[str, Any]) -> None:
    await conn.execute(
        """
        DELETE FROM idempotency_keys
        WHERE workspace_id = %(workspace)s AND user_id = %(user)s AND method = %(method)s
          AND path = %(path)s AND key = %(key)s AND resource_id IS NULL
        """,
        row,
    )
