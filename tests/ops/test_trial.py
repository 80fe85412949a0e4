"""A trial call: its result, and its two rows in the ledger."""

from pathlib import Path

import pytest

from pantheon.accounts.roles import Who
from pantheon.base.settings import Settings
from pantheon.db.pool import Database
from pantheon.ledger import usage
from pantheon.ops.outside import Trial
from pantheon.ops.trial import QUESTION, try_model
from pantheon.providers.configure import open_providers
from pantheon.providers.registry import Providers
from tests.fakes.process import requests


@pytest.fixture
def providers(tmp_path: Path, fakes: str) -> Providers:
    """The fake model server as `lab`, and the demo."""
    lab = {"lab": {"base_url": fakes, "any_model": True, "models": ["ok"]}}
    return open_providers(Settings(data_dir=tmp_path, providers=lab), {})


async def tried(
    db: Database, who: Who, providers: Providers, model_id: str, seconds: float = 10
) -> tuple[Trial, dict]:
    """Try a model; return the trial and its call as the ledger tells it."""
    provider, model = providers.resolve(model_id)
    trial = await try_model(db, who, provider, model, seconds=seconds)
    async with db.transaction(who.workspace_id) as conn:
        calls = (await usage.list_calls(conn, who))["items"]
    assert len(calls) == 1
    return trial, calls[0]


async def test_an_answer_is_in_the_ledger(
    db: Database, who: Who, providers: Providers, fakes: str
) -> None:
    """Outcome, tokens and purpose; the request's id is the attempt's."""
    trial, call = await tried(db, who, providers, "lab/ok")
    assert trial.failure is None
    assert trial.text.startswith("w0 ")
    assert (call["purpose"], call["outcome"], call["turn_id"]) == ("test", "completed", None)
    assert call["usage"]["output_tokens"] > 0
    assert not call["usage"]["estimated"]
    (request,) = requests(fakes, call["id"], settled_seconds=5)
    assert request["sha256"] == call["request_sha256"]


async def test_usage_that_is_missing_is_estimated(
    db: Database, who: Who, providers: Providers
) -> None:
    """And marked as such."""
    _, call = await tried(db, who, providers, "lab/no-usage")
    assert call["usage"]["estimated"]
    assert call["usage"]["input_tokens"] > 0
    assert call["usage"]["output_tokens"] > 0


async def test_a_failure_is_a_value_and_in_the_ledger(
    db: Database, who: Who, providers: Providers
) -> None:
    """It costs nothing."""
    trial, call = await tried(db, who, providers, "lab/status-401")
    assert trial.failure is not None
    assert (call["outcome"], call["error_code"]) == ("failed", trial.failure.code)
    assert call["usage"]["calls"] == 1


async def test_a_model_that_says_nothing_is_left(
    db: Database, who: Who, providers: Providers
) -> None:
    """After the time that it was given."""
    trial, call = await tried(db, who, providers, "lab/stall", seconds=0.3)
    assert trial.failure is not None
    assert trial.failure.code == "step_timeout"
    assert 300 <= trial.latency_ms < 5000
    assert call["outcome"] == "failed"


async def test_a_trial_has_its_audit(db: Database, who: Who, providers: Providers) -> None:
    provider, model = providers.resolve("demo/fast")
    trial = await try_model(db, who, provider, model, seconds=5)
    async with db.transaction(who.workspace_id) as conn:
        cursor = await conn.execute(
            """
            SELECT c.step_id, c.sections -> 0 ->> 'text', c.request_sha256 = a.request_sha256
            FROM context_audits c
            JOIN llm_call_attempts a ON a.id = c.attempt_id AND a.workspace_id = c.workspace_id
            WHERE c.attempt_id = %s
            """,
            (trial.attempt_id,),
        )
        assert await cursor.fetchall() == [(None, QUESTION, True)]
