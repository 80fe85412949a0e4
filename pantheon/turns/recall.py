"""What providers have reported of a workspace's requests, read once by each process.

So a model is counted after a restart as it was before: from the ledger and the audits, which have
what was reported and what was counted.
"""

from uuid import UUID

from pantheon.context.tokens import O200K
from pantheon.db.pool import Connection
from pantheon.providers.registry import Providers
from pantheon.turns.ask import counted_as

LATEST = 200


async def recall_ratios(conn: Connection, providers: Providers, workspace_id: UUID) -> None:
    """Learn from the latest calls of a workspace that this process has not yet worked for."""
    if workspace_id in providers.ratios.recalled:
        return
    providers.ratios.recalled.add(workspace_id)
    cursor = await conn.execute(
        """
        SELECT e.model, e.input_tokens, (c.budget ->> 'used')::float8,
               (c.budget ->> 'ratio')::float8, (c.budget ->> 'estimated')::bool
        FROM (
            SELECT workspace_id, attempt_id, model, input_tokens FROM llm_call_events
            WHERE workspace_id = %(workspace)s AND outcome = 'completed' AND NOT estimated
            ORDER BY attempt_id DESC LIMIT %(limit)s
        ) e
        JOIN context_audits c ON c.workspace_id = e.workspace_id AND c.attempt_id = e.attempt_id
        WHERE c.budget ? 'ratio'
        ORDER BY e.attempt_id
        """,
        {"workspace": workspace_id, "limit": LATEST},
    )
    for model_id, reported, used, ratio, estimated in await cursor.fetchall():
        name = counted_as(model_id, None if estimated else O200K)
        providers.ratios.learn(name, round(used / ratio), reported)
