"""`/sessions/{id}/…`: what is asked is stored or refused; what was said is read in pages."""

import asyncio
from pathlib import Path

import pytest

from pantheon.base.settings import ProviderSetting, Settings
from tests.api.checks import problem
from tests.api.conftest import ask, open_session
from tests.make import make_agent, make_session, make_user, make_workspace


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a server whose models have no price; nothing is sent to it."""
    lab = ProviderSetting(base_url="http://127.0.0.1:9/v1", any_model=True)
    return Settings(data_dir=tmp_path, lease_seconds=1, providers={"lab": lab}, _env_file=None)


def base_of(session) -> str:
    return f"/api/v1/sessions/{session['id']}"


async def refuse(api, session, body, code, status=422):
    """Send what must be refused; look that nothing was stored."""
    answer = await api.client.post(f"{base_of(session)}/turns", json=body)
    document = problem(answer, status, code)
    assert (await api.client.get(f"{base_of(session)}/turns")).json()["items"] == []
    async with api.db.transaction(api.who.workspace_id) as conn:
        counted = await conn.execute(
            "SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM turn_events)"
        )
        assert await counted.fetchone() == (0, 0)
    return document


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"input": ""},
        {"input": "   \n"},
        {"input": 1},
        {"input": "x" * 200_001},
        {"input": "a" * 1_000_000},
        {"input": "nul \x00"},
        {"input": "x", "workspace_id": "y"},
        {"input": "x", "mode": "chorus"},
        {"input": "x", "mode": "direct"},
        {"input": "x", "order": "random"},
        {"input": "x", "order": "sequence"},
        {"input": "x", "agents": "critic"},
        {"input": "x", "models": {"nobody": "demo/fast"}},
        {"input": "x", "limits": {"rounds": "many"}},
        {"input": "x", "limits": {"turn_seconds": 0}},
        {"input": "x", "approve": "plan"},
    ],
)
async def test_what_makes_no_turn_is_refused_and_leaves_nothing(api, body):
    session = await open_session(api, agents=2)
    await refuse(api, session, body, "validation_error")


async def test_a_lone_surrogate_is_refused(api):
    session = await open_session(api, agents=1)
    answer = await api.client.post(
        f"{base_of(session)}/turns",
        content=b'{"input": "half \\ud83d"}',
        headers={"Content-Type": "application/json"},
    )
    problem(answer, 422, "validation_error")


async def test_a_tag_that_nobody_has_is_refused_with_the_tags_there_are(api):
    session = await open_session(api, agents=2)
    body = {"input": "@nobody what now?", "mode": "manual"}
    document = await refuse(api, session, body, "no_valid_mention")
    assert len(document["valid_keys"]) == 2


async def test_an_unknown_model_is_refused(api):
    session = await open_session(api, agents=["critic"])
    body = {"input": "x", "models": {"critic": "nobody/knows"}}
    await refuse(api, session, body, "unknown_model")


async def test_a_second_turn_waits_for_the_first(api):
    session = await open_session(api, agents=1)
    answers = await asyncio.gather(
        *(
            api.client.post(f"{base_of(session)}/turns", json={"input": "What now?"})
            for _ in range(8)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    for answer in answers:
        if answer.status_code == 409:
            problem(answer, 409, "turn_in_progress")


async def test_nobody_reads_or_asks_in_anothers_session(api):
    stranger = await make_workspace(api.db)
    async with api.db.transaction(stranger.workspace_id) as conn:
        foreign = await make_session(conn, stranger)
    async with api.db.transaction(api.who.workspace_id) as conn:
        colleague = await make_user(conn, api.who)
        private = await make_session(conn, colleague)
    for session in (foreign, private):
        body = {"input": "What now?"}
        answer = await api.client.post(f"{base_of(session)}/turns", json=body)
        problem(answer, 404, "not_found")
        for what in ("turns", "timeline", "messages", "events"):
            answer = await api.client.get(f"{base_of(session)}/{what}")
            problem(answer, 404, "not_found")


async def test_timeline_turns_and_messages_agree_and_come_in_pages(api, worker):
    session = await open_session(api, agents=1)
    made = []
    for i in range(3):
        answer = await api.client.post(
            f"{base_of(session)}/turns", json={"input": f"q{i}"}, headers={"Prefer": "wait=20"}
        )
        made.append(answer.json())

    async def pages(what: str) -> list:
        items, cursor = [], ""
        while cursor is not None:
            query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
            page = (await api.client.get(f"{base_of(session)}/{what}", params=query)).json()
            assert 1 <= len(page["items"]) <= 2
            items += page["items"]
            cursor = page["next_cursor"]
        return items

    assert await pages("turns") == made
    assert await pages("timeline") == made[::-1]
    said = [(message["role"], message["content"]) for message in await pages("messages")]
    assert said == [
        entry
        for turn in made
        for entry in (("user", turn["input"]), ("agent", turn["steps"][0]["message"]["content"]))
    ]


async def test_a_timeline_says_where_its_events_go_on(api, worker):
    session = await open_session(api, agents=1)
    empty = (await api.client.get(f"{base_of(session)}/timeline")).json()
    assert (empty["items"], empty["last_event_id"]) == ([], "0.0")
    await ask(api, session)
    async with api.client.stream(
        "GET", f"{base_of(session)}/events", headers={"Last-Event-ID": empty["last_event_id"]}
    ) as stream:
        async for line in stream.aiter_lines():
            if line == "event: turn.completed":
                break
    after = (await api.client.get(f"{base_of(session)}/timeline")).json()
    assert after["items"][0]["status"] == "completed"
    assert after["last_event_id"] == f"1.{after['items'][0]['version']}"
    assert after["session"]["turns"] == 1


async def test_a_rerun_is_a_sibling_that_all_shows(api, worker):
    session = await open_session(api, agents=1)
    first = (
        await api.client.post(
            f"{base_of(session)}/turns", json={"input": "q"}, headers={"Prefer": "wait=20"}
        )
    ).json()
    again = await api.client.post(
        f"/api/v1/turns/{first['id']}/rerun", json={}, headers={"Prefer": "wait=20"}
    )
    chain = (await api.client.get(f"{base_of(session)}/timeline")).json()["items"]
    assert [turn["id"] for turn in chain] == [again.json()["id"]]
    both = await api.client.get(f"{base_of(session)}/timeline", params={"all": "true"})
    assert [turn["index"] for turn in both.json()["items"]] == [2, 1]


MODES = {
    "manual": ("@ann and @bob?", ["ann", "bob"], (2, 2)),
    "roundtable": ("Ship it?", ["ann", "bob", "cleo"], (3, 3)),
    "orchestrator": ("Ship it?", ["manager", "ann", "bob", "cleo"], (1, 13)),
}


@pytest.mark.parametrize("mode", MODES)
async def test_a_forecast_tells_what_each_agent_and_all_would_use(api, mode):
    text, keys, calls = MODES[mode]
    session = await open_session(
        api, agents=["ann", "bob", "cleo"], mode=mode, modes=(mode,), goal="Ship."
    )
    answer = await api.client.post(f"{base_of(session)}/turns/forecast", json={"input": text})
    assert answer.status_code == 200
    told = answer.json()
    assert (told["mode"], [agent["key"] for agent in told["agents"]]) == (mode, keys)
    assert (told["calls"]["low"], told["calls"]["high"]) == calls
    free = {"low": "0.000000", "high": "0.000000"}
    assert (told["cost_usd"], told["credits"]) == (free, {"low": "0.0000", "high": "0.0000"})
    assert 0 < told["tokens"]["low"] < told["tokens"]["high"]
    assert (told["unpriced"], told["warnings"]) == ([], [])
    assert list(told["agents"][0]) == [
        "key", "model", "calls", "tokens", "cost_usd", "credits", "context",
    ]  # fmt: skip
    assert told["agents"][0]["context"]["window"] == 32_768
    timeline = (await api.client.get(f"{base_of(session)}/timeline")).json()
    assert (timeline["items"], timeline["session"]) == ([], session)


async def test_a_single_agents_turn_has_a_forecast_too(api):
    async with api.db.transaction(api.who.workspace_id) as conn:
        agent = await make_agent(conn, api.who, "ann")
        session = await make_session(conn, api.who, agent=agent)
    answer = await api.client.post(f"{base_of(session)}/turns/forecast", json={"input": "Hm?"})
    assert (answer.json()["mode"], answer.json()["calls"]) == ("direct", {"low": 1, "high": 1})


async def test_a_forecast_names_what_has_no_price(api):
    session = await open_session(api, agents=["ann", "bob"])
    body = {"input": "Ship it?", "models": {"bob": "lab/m1"}}
    told = (await api.client.post(f"{base_of(session)}/turns/forecast", json=body)).json()
    assert told["unpriced"] == ["lab/m1"]
    assert [agent["cost_usd"] is None for agent in told["agents"]] == [False, True]
    assert told["cost_usd"] == told["agents"][0]["cost_usd"]
    body["models"]["ann"] = "lab/m2"
    told = (await api.client.post(f"{base_of(session)}/turns/forecast", json=body)).json()
    assert (told["unpriced"], told["cost_usd"]) == (["lab/m1", "lab/m2"], None)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"input": " "}, "validation_error"),
        ({"input": "Ship it?", "mode": "manual"}, "no_valid_mention"),
        ({"input": "Ship it?", "mode": "orchestrator"}, "goal_required"),
        ({"input": "Ship it?", "models": {"ann": "demo/none"}}, "unknown_model"),
        ({"input": "Ship it?", "limits": {"rounds": 99}}, "validation_error"),
        ({"input": "Ship it?", "cost": 1}, "validation_error"),
        ({}, "validation_error"),
    ],
)
async def test_what_cannot_be_asked_has_no_forecast(api, body, code):
    session = await open_session(api, agents=["ann"])
    answer = await api.client.post(f"{base_of(session)}/turns/forecast", json=body)
    problem(answer, 422, code)


async def test_anothers_session_has_no_forecast(api):
    stranger = await make_workspace(api.db)
    async with api.db.transaction(stranger.workspace_id) as conn:
        foreign = await make_session(conn, stranger)
    answer = await api.client.post(f"{base_of(foreign)}/turns/forecast", json={"input": "Hm?"})
    problem(answer, 404, "not_found")
