"""`/providers`: never more of a key than its end; keys are entered, tried, in force, forgotten."""

import asyncio
import io
import logging

import pytest
import structlog

from pantheon.base.log import configure_logging
from pantheon.base.settings import Settings
from tests.api.checks import problem
from tests.api.conftest import ask, open_session
from tests.turns.test_leases import claim, run

OPERATORS = "wrong-key"
KEY = "entered-canary-0123456789abcdef"
PATH = "/api/v1/providers/lab/key"


@pytest.fixture
def settings(tmp_path, fakes):
    lab = {"base_url": fakes, "api_key": OPERATORS, "models": ["ok"]}
    away = {"base_url": "http://127.0.0.1:9/v1", "models": ["m1"]}
    return Settings(data_dir=tmp_path, providers={"lab": lab, "away": away}, _env_file=None)


@pytest.fixture
def lines():
    """What is logged while a test runs; the defaults of other tests are put back."""
    output = io.StringIO()
    configure_logging(debug=True, json=True, output=output)
    yield output
    structlog.reset_defaults()
    logging.basicConfig(force=True)


async def provider(api, name="lab"):
    answer = await api.client.get("/api/v1/providers")
    (found,) = [item for item in answer.json()["items"] if item["name"] == name]
    return found


async def turn_of(api, session):
    """Ask and return the turn when it is over."""
    url = f"/api/v1/sessions/{session['id']}/turns"
    answer = await api.client.post(url, json={"input": "Well?"}, headers={"Prefer": "wait=20"})
    return answer.json()


async def test_providers_show_where_a_key_comes_from_and_not_the_key(api):
    answer = await api.client.get("/api/v1/providers")
    providers = {provider["name"]: provider for provider in answer.json()["items"]}
    assert OPERATORS not in answer.text
    demo, lab = providers["demo"], providers["lab"]
    assert (demo["kind"], demo["has_key"], demo["takes_key"]) == ("demo", False, False)
    assert (lab["kind"], lab["has_key"], lab["takes_key"]) == ("openai", True, True)
    assert lab["models"] == ["lab/ok"]
    for name in ("openai", "openrouter"):
        assert (providers[name]["takes_key"], providers[name]["available"]) == (True, False)
        assert "No key yet" in providers[name]["reason"]


async def test_a_key_is_tried_kept_in_force_and_forgotten(api, worker):
    session = await open_session(api, agents=1, model="lab/ok")
    refused = await turn_of(api, session)
    assert refused["steps"][0]["error"]["code"] == "key_refused"
    entered = await api.client.put(PATH, json={"key": KEY})
    assert entered.status_code == 200, entered.text
    told = entered.json()
    assert told["provider"] == await provider(api)
    assert (told["provider"]["source"], told["provider"]["last4"]) == (
        "entered in the page",
        "cdef",
    )
    assert (told["call"]["purpose"], told["call"]["outcome"]) == ("test", "completed")
    assert (told["text"].startswith("w0"), told["error"]) == (True, None)
    assert (await turn_of(api, session))["status"] == "completed"
    gone = await api.client.delete(PATH)
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await provider(api))["source"] == "settings"
    assert (await turn_of(api, session))["status"] == "failed"
    problem(await api.client.delete(PATH), 404, "not_found")


async def test_a_turn_in_the_queue_is_run_with_the_key_of_another_process(api, runtime):
    """The worker's providers are told by the version that the turn's own statement brings."""
    session = await open_session(api, agents=2, model="lab/ok")
    await api.client.put(PATH, json={"key": KEY})
    turn = await ask(api, session)
    for claimed in await claim(runtime):
        await run(runtime, claimed)
    over = (await api.client.get(f"/api/v1/turns/{turn['id']}")).json()
    assert over["status"] == "completed"


async def test_a_key_that_the_provider_refuses_is_not_kept(api):
    document = problem(
        await api.client.put(PATH, json={"key": "wrong-key"}), 422, "provider_key_refused"
    )
    assert "wrong-key" not in str(document)
    assert (await provider(api))["source"] == "settings"
    calls = (await api.client.get("/api/v1/usage/calls")).json()["items"]
    assert [(c["purpose"], c["error_code"]) for c in calls] == [("test", "key_refused")]


async def test_a_server_that_is_away_does_not_keep_a_key_out(api):
    answer = await api.client.put("/api/v1/providers/away/key", json={"key": KEY})
    assert answer.status_code == 200
    assert answer.json()["error"]["code"] == "provider_unreachable"
    assert (await provider(api, "away"))["has_key"] is True


@pytest.mark.parametrize("name", ["demo", "local", "nobody"])
async def test_who_takes_no_key(api, name):
    answer = await api.client.put(f"/api/v1/providers/{name}/key", json={"key": KEY})
    assert "lab" in problem(answer, 404, "not_found")["detail"]


@pytest.mark.parametrize(
    "key", ["", "short", "has blanks in it", "line\nbreak-0123", "schlüssel-0"]
)
async def test_what_is_no_key_is_refused_and_not_repeated(api, key):
    document = problem(await api.client.put(PATH, json={"key": key}), 422, "validation_error")
    assert len(key) < 8 or key not in str(document)


async def test_the_canary_stands_in_no_answer_log_or_export(api, worker, lines):
    session = await open_session(api, agents=1, model="lab/ok")
    answers = [await api.client.put(PATH, json={"key": KEY})]
    answers.append(await api.client.put(PATH, json={"key": KEY, "more": KEY}))
    turn = await turn_of(api, session)
    structlog.get_logger().error("it goes wrong", request={"headers": f"Basic {KEY}"})
    for path in (
        "/api/v1/providers",
        "/api/v1/models",
        "/api/v1/usage/calls",
        f"/api/v1/turns/{turn['id']}/events",
        f"/api/v1/sessions/{session['id']}/timeline",
        f"/api/v1/steps/{turn['steps'][0]['id']}/context",
        f"/api/v1/sessions/{session['id']}/export?format=json",
        f"/api/v1/sessions/{session['id']}/export?format=md",
        "/metrics",
        "/readyz",
    ):
        answers.append(await api.client.get(path))
        assert answers[-1].status_code == 200, path
    assert [answer.url.path for answer in answers if KEY in answer.text] == []
    assert "it goes wrong" in lines.getvalue()
    assert KEY not in lines.getvalue()


async def test_of_two_at_once_one_stands(api):
    keys = [f"{KEY}{n}" for n in range(4)]
    answers = await asyncio.gather(*(api.client.put(PATH, json={"key": key}) for key in keys))
    assert {answer.status_code for answer in answers} == {200}
    async with api.db.transaction(api.who.workspace_id) as conn:
        cursor = await conn.execute("SELECT count(*), count(sealed) FROM provider_keys")
        assert await cursor.fetchone() == (4, 1)


@pytest.mark.parametrize("name", ["%00", "a%20b", "x" * 201, "%3Cscript%3E"])
async def test_what_cannot_name_a_provider(api, name):
    for method in ("PUT", "DELETE"):
        answer = await api.client.request(
            method, f"/api/v1/providers/{name}/key", json={"key": KEY} if method == "PUT" else None
        )
        problem(answer, 422, "validation_error")
