"""`/providers`: never more of a key than its end."""

import pytest

from pantheon.base.settings import Settings

KEY = "sk-canary-0123456789abcdef"


@pytest.fixture
def settings(tmp_path):
    lab = {"base_url": "http://127.0.0.1:9/v1", "api_key": KEY, "models": ["m1"]}
    return Settings(data_dir=tmp_path, providers={"lab": lab}, _env_file=None)


async def test_providers_show_where_a_key_comes_from_and_not_the_key(api):
    answer = await api.client.get("/api/v1/providers")
    providers = {provider["name"]: provider for provider in answer.json()["items"]}
    assert KEY not in answer.text
    assert (providers["demo"]["kind"], providers["demo"]["has_key"]) == ("demo", False)
    lab = providers["lab"]
    assert (lab["kind"], lab["has_key"], lab["last4"]) == ("openai", True, KEY[-4:])
    assert lab["models"] == ["lab/m1"]
