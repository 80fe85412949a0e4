"""`/keys`: made, shown once, listed, revoked at once."""

from pantheon.base import ids
from tests.api.checks import problem

PATH = "/api/v1/keys"
INFO = "/api/v1/info"


async def test_a_key_is_made_used_and_revoked(api, anonymous):
    made = await api.client.post(PATH, json={"name": "ci", "scopes": ["read"]})
    key = made.json()
    token = key.pop("token")
    assert (made.status_code, made.headers["location"]) == (201, f"{PATH}/{key['id']}")
    assert (await api.client.get(made.headers["location"])).json() == key
    listed = (await api.client.get(PATH)).json()["items"]
    assert listed[-1] == key
    assert token not in str(listed)

    headers = {"Authorization": f"Bearer {token}"}
    assert (await anonymous.get(INFO, headers=headers)).status_code == 200
    revoked = await api.client.delete(made.headers["location"])
    assert (revoked.status_code, revoked.content) == (204, b"")
    problem(await anonymous.get(INFO, headers=headers), 401, "unauthenticated")
    for method in ("GET", "DELETE"):
        again = await api.client.request(method, made.headers["location"])
        problem(again, 404, "not_found")


async def test_a_repetition_does_not_show_the_key_again(api):
    body, headers = {"name": "ci", "scopes": ["read"]}, {"Idempotency-Key": "k"}
    first = (await api.client.post(PATH, json=body, headers=headers)).json()
    again = (await api.client.post(PATH, json=body, headers=headers)).json()
    assert first["token"].startswith("pan_")
    assert again == {**first, "token": None}
    assert len((await api.client.get(PATH)).json()["items"]) == 2


async def test_keys_are_listed_in_pages(api):
    for i in range(4):
        await api.client.post(PATH, json={"name": f"k{i}", "scopes": ["read"]})
    names, cursor = [], ""
    while cursor is not None:
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await api.client.get(PATH, params=query)).json()
        assert len(page["items"]) <= 2
        names += [key["name"] for key in page["items"]]
        cursor = page["next_cursor"]
    assert names == ["test", "k0", "k1", "k2", "k3"]


async def test_an_unknown_key_is_not_found(api):
    problem(await api.client.delete(f"{PATH}/{ids.new()}"), 404, "not_found")
