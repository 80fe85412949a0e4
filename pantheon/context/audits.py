"""What an attempt sent, kept by reference: where each part came from, and what was left out."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from pantheon.context.assemble import Assembled
from pantheon.db.pool import Connection


@dataclass(frozen=True, slots=True)
class Audit:
    """A row of `context_audits`."""

    workspace_id: UUID
    attempt_id: UUID
    step_id: UUID
    model: str
    sections: list[dict[str, Any]]
    budget: dict[str, Any]
    actions: list[dict[str, Any]]
    request_sha256: bytes


async def record(
    conn: Connection,
    workspace_id: UUID,
    attempt_id: UUID,
    step_id: UUID | None,
    model: str,
    assembled: Assembled,
    request_sha256: bytes,
) -> None:
    """Record the audit of an attempt, in the transaction that opens it. A trial has no step."""
    await conn.execute(
        """
        INSERT INTO context_audits
            (workspace_id, attempt_id, step_id, model, sections, budget, actions, request_sha256)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
        """,
        (
            workspace_id, attempt_id, step_id, model, Jsonb(assembled.sections),
            Jsonb(assembled.budget), Jsonb(assembled.actions), request_sha256,
        ),
    )  # fmt: skip


async def latest(conn: Connection, workspace_id: UUID, step_id: UUID) -> Audit | None:
    """Return the audit of a step's newest attempt, or `None` before its first."""
    async with conn.cursor(row_factory=class_row(Audit)) as cursor:
        await cursor.execute(
            """
            SELECT workspace_id, attempt_id, step_id, model, sections, budget, actions,
                   request_sha256
            FROM context_audits
            WHERE workspace_id = %(workspace)s AND step_id = %(step)s
            ORDER BY attempt_id DESC LIMIT 1
            """,
            {"workspace": workspace_id, "step": step_id},
        )
        return await cursor.fetchone()
