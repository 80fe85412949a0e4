"""A trial: one tiny call of a model, outside of any turn, in the ledger like every other."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pantheon.accounts.roles import Who
from pantheon.db.pool import Database
from pantheon.ops.outside import Trial, ask_outside
from pantheon.providers.types import ChatMessage, Model, ModelRequest, Provider, Role

QUESTION = "Answer with the single word: ready"
MOST_TOKENS = 16
NO_PARAMETERS: Mapping[str, Any] = {}


async def try_model(
    db: Database,
    who: Who,
    provider: Provider,
    model: Model,
    *,
    seconds: float,
    agent_key: str | None = None,
    agent_id: UUID | None = None,
    parameters: Mapping[str, Any] = NO_PARAMETERS,
) -> Trial:
    """Ask `model` for one word and return how that went, after `seconds` at the latest.

    With an agent's key and parameters it is that agent's trial: the model may refuse what is asked
    of it. Raises what `ask_outside` raises.
    """
    request = ModelRequest(
        model.id.partition("/")[2],
        (ChatMessage(Role.user, QUESTION),),
        MOST_TOKENS,
        parameters.get("temperature"),
        parameters.get("reasoning_effort"),
    )
    return await ask_outside(
        db, who, provider, model, request, purpose="test", seconds=seconds,
        agent_key=agent_key, agent_id=agent_id,
    )  # fmt: skip
