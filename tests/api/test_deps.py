"""Who is asking: keys and cookies, scopes, origins; versions and places in lists."""

import pytest

from pantheon.accounts.roles import FORBIDDEN
from pantheon.base import ids
from pantheon.base.settings import Settings
from tests.api.checks import problem
from tests.make import make_room, make_session

INFO = "/api/v1/info"
KEYS = "/api/v1/keys"
NEW_KEY = {"name": "ci", "scopes": ["read"]}


@pytest.fixture
def settings(tmp_path):
    return Settings(
        data_dir=tmp_path, public_url="https://pantheon.example", lease_seconds=1, _env_file=None
    )


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer pan_unknown"},
        {"Authorization": "Bearer " + "x" * 5000},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic YTpi"},
        {"Cookie": "pantheon_session=unknown"},
        {"Cookie": "other=1"},
    ],
)
async def test_without_a_good_credential_nobody_gets_in(anonymous, headers):
    refused = await anonymous.get(INFO, headers=headers)
    problem(refused, 401, "unauthenticated")
    assert refused.headers["www-authenticate"] == "Bearer"


async def test_an_unknown_caller_hears_nothing_of_what_is_wrong_with_the_body(anonymous):
    problem(await anonymous.post(KEYS, json={"wrong": 1}), 401, "unauthenticated")


async def test_a_key_is_no_cookie_and_a_cookie_no_key(api, anonymous):
    cookie = (await api.new_cookie())["Cookie"]
    as_key = {"Authorization": f"Bearer {cookie.partition('=')[2]}"}
    problem(await anonymous.get(INFO, headers=as_key), 401, "unauthenticated")
    as_cookie = {"Cookie": f"pantheon_session={api.key}"}
    problem(await anonymous.get(INFO, headers=as_cookie), 401, "unauthenticated")


async def test_scopes_open_what_they_name(api, anonymous):
    room = f"/api/v1/rooms/{ids.new()}"
    reader, writer = await api.new_key("read"), await api.new_key("write")
    assert (await anonymous.get(INFO, headers=reader)).status_code == 200
    refused = problem(await anonymous.delete(room, headers=reader), 403, "forbidden")
    assert refused["detail"] == "This needs the scope 'write'; the credential has: read."
    problem(await anonymous.get(INFO, headers=writer), 403, "forbidden")
    problem(await anonymous.delete(room, headers=writer), 404, "not_found")
    for headers in (reader, writer, await api.new_key("read", "write")):
        refused = await anonymous.post(KEYS, json=NEW_KEY, headers=headers)
        problem(refused, 403, "forbidden")


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("own", 201),
        ("https://pantheon.example", 201),
        ("http://pantheon.example", 403),
        ("https://evil.example", 403),
        ("https://pantheon.example.evil.example", 403),
        ("null", 403),
        ("", 403),
        (None, 403),
    ],
)
async def test_with_a_cookie_only_our_own_page_changes_things(api, anonymous, origin, status):
    headers = await api.new_cookie()
    if origin is not None:
        headers["Origin"] = api.url if origin == "own" else origin
    assert (await anonymous.get(INFO, headers=headers)).status_code == 200
    answer = await anonymous.post(KEYS, json=NEW_KEY, headers=headers)
    assert answer.status_code == status
    if status == 403:
        problem(answer, 403, FORBIDDEN.code)


async def test_a_key_needs_no_origin_and_comes_before_a_cookie(api, anonymous):
    both = {"Authorization": f"Bearer {api.key}", "Cookie": "pantheon_session=unknown"}
    assert (await anonymous.post(KEYS, json=NEW_KEY, headers=both)).status_code == 201


@pytest.mark.parametrize(
    ("version", "status"),
    [('"1"', 200), ("*", 200), ('"7"', 409), ("soon", 422), ('W/"1"', 422), ("9" * 30, 422)],
)
async def test_if_match_names_the_version_to_be_changed(api, version, status):
    async with api.db.transaction(api.who.workspace_id) as conn:
        session = await make_session(conn, api.who, room=await make_room(conn, api.who, agents=1))
    answer = await api.client.patch(
        f"/api/v1/sessions/{session['id']}", json={"name": "n"}, headers={"If-Match": version}
    )
    assert answer.status_code == status, answer.text
    if status == 409:
        problem(answer, 409, "stale_version")
    elif status == 200:
        assert answer.headers["etag"] == '"2"'


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=many", "cursor=what", "cursor=" + "x" * 500, "cursor=WyJhIl0"],
)
async def test_lists_refuse_limits_and_cursors_that_they_never_gave(api, query):
    problem(await api.client.get(f"{KEYS}?{query}"), 422, "validation_error")


@pytest.mark.parametrize("given", ["x", "1", "1.x", "-1.2", "1.2.3", "1." + "9" * 20, "१.२"])
async def test_an_event_id_that_no_stream_gave_is_refused(api, given):
    async with api.db.transaction(api.who.workspace_id) as conn:
        session = await make_session(conn, api.who, room=await make_room(conn, api.who, agents=1))
    path = f"/api/v1/sessions/{session['id']}/events"
    problem(await api.client.get(path, params={"last_event_id": given}), 422, "validation_error")


@pytest.mark.parametrize("moment", ["0.5", "1760000000", "-1", "now", "2026-01-31T12:00:00"])
async def test_a_moment_is_written_with_date_and_zone(api, moment):
    """A number would be seconds since 1970, which the document does not promise."""
    problem(await api.client.get("/api/v1/usage", params={"to": moment}), 422, "validation_error")
    good = {"from": "2026-01-31T12:00:00Z", "to": "2026-01-31T12:00:00.5+01:00"}
    assert (await api.client.get("/api/v1/usage", params=good)).status_code == 200
