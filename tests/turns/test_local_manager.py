"""A whole orchestrated turn by the local model: its decisions are typed, whatever its judgement."""

from pathlib import Path
from uuid import UUID

import orjson
import pytest

from pantheon.accounts.roles import Who
from pantheon.base.settings import Settings
from pantheon.ops.reconcile import reconcile
from pantheon.ops.runtime import Runtime
from pantheon.turns.decision import read_decision
from tests import make
from tests.turns.drive import ended, log_of, send

MODEL = "local/smollm2-135m"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a lease that a busy machine keeps."""
    return Settings(data_dir=tmp_path, lease_seconds=10, grace_seconds=2)


async def test_the_local_model_manages_a_room(runtime: Runtime, who: Who) -> None:
    """135 million parameters decide by grammar alone: JSON of the schema, agents of the roster."""
    prompts = {"boss": "You lead a small team.", "cook": "You cook.", "doctor": "You heal."}
    async with runtime.db.transaction(who.workspace_id) as conn:
        agents = [
            await make.make_agent(
                conn, who, key, model=MODEL, role_prompt=prompt,
                parameters={"temperature": 0, "max_output_tokens": 200 if key == "boss" else 24},
            )
            for key, prompt in prompts.items()
        ]  # fmt: skip
        room = await make.make_room(
            conn, who, agents=agents, goal="Give good advice on food.", mode="orchestrator",
            modes=("orchestrator",), manager={"agent_id": agents[0]["id"]},
            limits={"rounds": 2, "calls": 3},
        )  # fmt: skip
        session = await make.make_session(conn, who, room=room)
    question = "Is soup healthy? Ask the cook and the doctor."
    turn = await ended(runtime, who, await send(runtime, who, UUID(session["id"]), question))
    assert turn["status"] in ("completed", "partial")
    assert turn["steps"][-1]["kind"] == "synthesis"
    assert turn["steps"][-1]["message"]["content"].strip()
    decided = [s for s in turn["steps"] if s["kind"] == "route" and s["status"] == "completed"]
    for route in decided:
        text = orjson.dumps(route["decision"]).decode()
        assert read_decision(text, "stop", ["cook", "doctor"]) == route["decision"]
        assert route["message"] is None
    # It may be cut or contradict itself later on; it never writes anything but the schema's JSON.
    assert decided, turn["steps"][0]["error"]
    log = await log_of(runtime, who, turn)
    refused = [data["error"]["detail"] for event, data in log if event.type == "step.retrying"]
    assert not [detail for detail in refused if "JSON" in detail]
    assert [found for found in await reconcile(runtime.server.admin_url) if found.drift] == []
