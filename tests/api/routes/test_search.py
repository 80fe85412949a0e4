"""`/search` over HTTP: what is found, and what cannot be asked for."""

import pytest

from tests.api.checks import problem
from tests.api.conftest import ask, open_session

PATH = "/api/v1/search"


async def test_messages_and_sessions_are_found(api):
    session = await open_session(api, agents=1)
    turn = await ask(api, session, "Where is the zebra?")
    answer = await api.client.get(PATH, params={"q": "zebra"})
    assert answer.status_code == 200
    told = answer.json()
    (hit,) = told["items"]
    assert (hit["turn_id"], hit["session_id"]) == (turn["id"], session["id"])
    assert hit["highlights"] == [{"start": 13, "end": 18}]
    assert [named["session"]["id"] for named in told["sessions"]] == [session["id"]]
    assert told["next_cursor"] is None


@pytest.mark.parametrize(
    "query", ["", "?q=", "?q=%00", f"?q={'x' * 301}", "?q=a&limit=0", "?q=a&cursor=x"]
)
async def test_what_cannot_be_asked_for(api, query):
    problem(await api.client.get(f"{PATH}{query}"), 422, "validation_error")
