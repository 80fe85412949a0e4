"""`/login`, `/logout`: a link works once; the cookie is for this site's own page only."""

import pytest

from pantheon.accounts import logins
from pantheon.base.settings import Settings
from tests.api.checks import problem

LOGIN = "/api/v1/login"
INFO = "/api/v1/info"


@pytest.fixture
async def token(api):
    async with api.db.transaction(api.who.workspace_id) as conn:
        return await logins.create_login_token(conn, api.who)


async def test_a_link_signs_a_browser_in_once_and_out_again(api, anonymous, token):
    signed_in = await anonymous.post(LOGIN, json={"token": token}, headers={"Origin": api.url})
    assert (signed_in.status_code, signed_in.content) == (204, b"")
    name, _, attributes = signed_in.headers["set-cookie"].partition(";")
    assert name.startswith("pantheon_session=")
    assert {part.strip() for part in attributes.split(";")} == {
        *("HttpOnly", "Max-Age=2592000", "Path=/", "SameSite=strict")
    }
    info = (await anonymous.get(INFO)).json()
    assert info["user"]["id"] == str(api.who.user_id)
    assert info["user"]["scopes"] == ["admin", "read", "write"]
    refused = await anonymous.post(LOGIN, json={"token": token})
    assert "pantheon open" in problem(refused, 401, "unauthenticated")["detail"]

    kept = dict(anonymous.cookies)
    problem(await anonymous.post("/api/v1/logout"), 403, "forbidden")
    out = await anonymous.post("/api/v1/logout", headers={"Origin": api.url})
    assert out.status_code == 204
    assert dict(anonymous.cookies) == {}
    anonymous.cookies.update(kept)
    problem(await anonymous.get(INFO), 401, "unauthenticated")


async def test_another_site_cannot_sign_a_browser_in(anonymous, token):
    headers = {"Origin": "https://evil.example"}
    problem(await anonymous.post(LOGIN, json={"token": token}, headers=headers), 403, "forbidden")
    assert (await anonymous.post(LOGIN, json={"token": token})).status_code == 204


@pytest.mark.parametrize("body", [{}, {"token": ""}, {"token": "x" * 201}, {"token": 1}])
async def test_what_cannot_be_a_token_is_refused(anonymous, body):
    problem(await anonymous.post(LOGIN, json=body), 422, "validation_error")


async def test_a_key_cannot_be_used_up_as_a_link(api, anonymous):
    problem(await anonymous.post(LOGIN, json={"token": api.key}), 401, "unauthenticated")


class TestBehindTls:
    """Served under https, the cookie never travels in clear."""

    @pytest.fixture
    def settings(self, tmp_path):
        return Settings(data_dir=tmp_path, public_url="https://pantheon.example", _env_file=None)

    async def test_the_cookie_is_secure(self, anonymous, token):
        headers = {"Origin": "https://pantheon.example"}
        signed_in = await anonymous.post(LOGIN, json={"token": token}, headers=headers)
        assert "; Secure" in signed_in.headers["set-cookie"]
