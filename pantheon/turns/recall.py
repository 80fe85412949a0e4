"""What providers have reported of a workspace's requests, read once by each process.

So a model is counted after a restart as it was before: from the ledger and the audits, which have
what was reported or refused, and what was counted.
"""

from uuid import UUID

from pantheon.context.tokens import O200K
from pantheon.db.pool import Connection
from pantheon.providers.failures import CONTEXT_TOO_LONG
from pantheon.providers.registry import Providers
from pantheon.turns.ask import REFUSED_AT, counted_as

LATEST = 200


async def recall_ratios(conn: Connection, providers: Providers, workspace_id: UUID) -> None:
    """Learn from the latest calls of a workspace that this process has not yet worked for."""
    if workspace_id in providers.ratios.recalled:
        return
    providers.ratios.recalled.add(workspace_id)
    cursor = await conn.execute(
        """
        SELECT e.model,
               CASE WHEN e.refused THEN (c.budget ->> 'window')::int * %(refused_at)s::float8
                    ELSE e.input_tokens END,
               (c.budget ->> 'used')::float8, (c.budget ->> 'ratio')::float8,
               (c.budget ->> 'estimated')::bool
        FROM (
            SELECT workspace_id, attempt_id, model, input_tokens, outcome = 'failed' AS refused
            FROM llm_call_events
            WHERE workspace_id = %(workspace)s
              AND (outcome = 'completed' AND NOT estimated OR error_code = %(too_long)s)
            ORDER BY attempt_id DESC LIMIT %(limit)s
        ) e
        JOIN context_audits c ON c.workspace_id = e.workspace_id AND c.attempt_id = e.attempt_id
        WHERE c.budget ? 'ratio'
        ORDER BY e.attempt_id
        """,
        {
            "workspace": workspace_id,
            "refused_at": REFUSED_AT,
            "too_long": CONTEXT_TOO_LONG.code,
            "limit": LATEST,
        },
    )
    for model_id, reported, used, ratio, estimated in await cursor.fetchall():
        name = counted_as(model_id, None if estimated else O200K)
        providers.ratios.learn(name, round(used / ratio), int(reported))
