"""Tests of `pantheon.ops.outside`: what is asked outside of turns, and what is kept of it."""

from pathlib import Path

import pytest

from pantheon.base import ids
from pantheon.base.settings import Settings
from pantheon.ops.outside import ask_outside
from pantheon.providers.configure import open_providers
from pantheon.providers.types import ChatMessage, ModelRequest, Role
from tests.fakes.process import requests


@pytest.mark.parametrize(
    ("model_id", "outcome", "code"),
    [("lab/ok", "completed", None), ("lab/status-500", "failed", "provider_error")],
)
async def test_a_call_has_its_purpose_session_and_audit(
    db, who, tmp_path: Path, fakes: str, model_id: str, outcome: str, code: str | None
) -> None:
    lab = {"lab": {"base_url": fakes, "any_model": True}}
    providers = open_providers(Settings(data_dir=tmp_path, providers=lab), {})
    provider, model = providers.resolve(model_id)
    texts = ("Be brief.", "What is it about?")
    messages = tuple(
        ChatMessage(role, text) for role, text in zip((Role.system, Role.user), texts, strict=True)
    )
    request = ModelRequest(model_id.partition("/")[2], messages, 64, None, None)
    session_id = ids.new()
    reply = await ask_outside(
        db, who, provider, model, request, purpose="title", seconds=10, session_id=session_id
    )
    assert (reply.failure and reply.failure.code) == code
    async with db.transaction(who.workspace_id) as conn:
        cursor = await conn.execute(
            """
            SELECT e.purpose, e.outcome, e.session_id, e.turn_id, a.expires_at > now(),
                   jsonb_path_query_array(c.sections, '$[*].text'), c.budget ->> 'reply_reserve'
            FROM llm_call_events e
            JOIN llm_call_attempts a ON a.workspace_id = e.workspace_id AND a.id = e.attempt_id
            JOIN context_audits c ON c.workspace_id = e.workspace_id
                AND c.attempt_id = e.attempt_id
            WHERE e.attempt_id = %s
            """,
            (reply.attempt_id,),
        )
        assert await cursor.fetchall() == [
            ("title", outcome, session_id, None, True, list(texts), "64")
        ]
    assert len(requests(fakes, str(reply.attempt_id), settled_seconds=5)) == 1
    await providers.aclose()
