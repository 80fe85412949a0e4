"""`/info`: what is here, and who asks."""

from importlib.metadata import version

from pantheon.turns.modes.registry import MODES


async def test_info_tells_the_modes_and_who_is_asking(api, anonymous):
    info = (await api.client.get("/api/v1/info")).json()
    assert info == {
        "version": version("pantheon"),
        "modes": list(MODES),
        "features": ["billing", "rate_limits", "summaries"],
        "user": {
            "id": str(api.who.user_id),
            "name": "Owner",
            "role": "owner",
            "scopes": ["admin", "read", "write"],
        },
        "workspace": {"id": str(api.who.workspace_id), "name": "Test"},
    }
    reader = await anonymous.get("/api/v1/info", headers=await api.new_key("read"))
    assert reader.json()["user"]["scopes"] == ["read"]
