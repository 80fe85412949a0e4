"""`/v1/chat/completions` where credits are enforced: refused, charged and limited as every turn."""

import pytest

from pantheon.base.settings import Settings
from pantheon.ledger import budgets
from tests.api.checks import problem
from tests.ledger.billing import give, in_wallet
from tests.make import make_agent

CHAT = "/v1/chat/completions"


@pytest.fixture
def settings(tmp_path, fakes) -> Settings:
    """A model that costs a dollar for a thousand tokens."""
    model = {"id": "ok", "context_window": 8192, "price": {"input": "1000", "output": "1000"}}
    return Settings(
        data_dir=tmp_path,
        lease_seconds=1,
        providers={"lab": {"base_url": fakes, "models": [model]}},
        _env_file=None,
    )


async def test_a_chat_completion_is_paid_as_every_turn(api, worker):
    async with api.db.transaction(api.who.workspace_id) as conn:
        await make_agent(conn, api.who, "a0", model="lab/ok")
        await give(conn, api.who, 1)
    body = {"model": "agent:a0", "messages": [{"role": "user", "content": "Hello"}]}
    problem(await api.client.post(CHAT, json=body), 402, "insufficient_credits")
    streamed = await api.client.post(CHAT, json={**body, "stream": True})
    problem(streamed, 402, "insufficient_credits")
    async with api.db.transaction(api.who.workspace_id) as conn:
        await give(conn, api.who, 100_000_000)
    answer = await api.client.post(CHAT, json=body)
    assert answer.status_code == 200, answer.text
    used = answer.json()["usage"]["total_tokens"]
    assert used > 0
    async with api.db.transaction(api.who.workspace_id) as conn:
        assert await in_wallet(conn) == (100_000_001 - used * 1_000, 0)
        await budgets.create_budget(
            conn,
            api.who,
            scope="user",
            scope_id=api.who.user_id,
            period="day",
            limit_microcredits=1_000,
        )
    refused = problem(await api.client.post(CHAT, json=body), 402, "budget_exceeded")
    assert {"budget", "needed", "free", "reserved"} <= set(refused)
    assert len((await api.client.get("/api/v1/sessions")).json()["items"]) == 1
