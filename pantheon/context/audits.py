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
    number: int
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


async def of_step(
    conn: Connection, workspace_id: UUID, step_id: UUID, number: int | None = None
) -> Audit | None:
    """Return the audit of a step's newest attempt (or its attempt `number`), `None` without one."""
    async with conn.cursor(row_factory=class_row(Audit)) as cursor:
        await cursor.execute(
            """
            SELECT c.workspace_id, c.attempt_id, a.number, c.step_id, c.model, c.sections, c.budget,
                   c.actions, c.request_sha256
            FROM context_audits c
            JOIN llm_call_attempts a ON a.workspace_id = c.workspace_id AND a.id = c.attempt_id
            WHERE c.workspace_id = %(workspace)s AND c.step_id = %(step)s
              AND (%(number)s::int IS NULL OR a.number = %(number)s)
            ORDER BY a.number DESC LIMIT 1
            """,
            {"workspace": workspace_id, "step": step_id, "number": number},
        )
        return await cursor.fetchone()
