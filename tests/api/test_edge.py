"""The edge: names, sizes and headers of every request."""

import httpx2
import pytest

from pantheon.api.edge import LARGEST_BODY, allowed_hosts
from pantheon.base import metrics
from pantheon.base.settings import Settings
from tests.api.checks import problem

KEYS = "/api/v1/keys"
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8340", "127.0.0.1.evil.example", "127.0.0.2", "[::2]"]
)
async def test_a_foreign_name_is_refused_on_every_path(api, host):
    for path in ("/", "/api/v1/info", "/assets/x.js", "/metrics"):
        answer = await api.client.get(path, headers={"Host": host})
        document = problem(answer, 400, "host_not_allowed")
        assert "PANTHEON_ALLOWED_HOSTS" in document["detail"]
    assert (await api.client.get("/healthz", headers={"Host": host})).status_code == 200
    assert (await api.client.get("/readyz", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:9", "[::1]:8340"])
async def test_this_machine_is_known_by_its_names(api, host):
    assert (await api.client.get("/api/v1/info", headers={"Host": host})).status_code == 200


def test_names_come_from_the_settings(tmp_path):
    settings = Settings(
        data_dir=tmp_path,
        host="10.0.0.1",
        public_url="https://Chat.Example:444/x",
        allowed_hosts="a.example, B.example",
        _env_file=None,
    )
    assert allowed_hosts(settings) == {
        *("127.0.0.1", "localhost", "::1", "10.0.0.1", "chat.example", "a.example", "b.example")
    }


async def test_a_body_that_is_too_large_is_refused_by_its_announced_length(api):
    answer = await api.client.post(KEYS, content=b" " * (LARGEST_BODY + 1), headers=JSON)
    assert str(LARGEST_BODY) in problem(answer, 413, "too_large")["detail"]


async def test_a_body_that_does_not_tell_its_length_is_counted(api):
    async def endless():
        for _ in range(LARGEST_BODY // 65_536 + 2):
            yield b" " * 65_536

    try:
        answer = await api.client.post(KEYS, content=endless(), headers=JSON)
    except httpx2.TransportError:
        # The answer came, and the connection ended, while the client was still sending.
        return
    problem(answer, 413, "too_large")


async def test_a_body_of_the_largest_size_is_read(api):
    answer = await api.client.post(KEYS, content=b" " * LARGEST_BODY, headers=JSON)
    problem(answer, 422, "validation_error")


@pytest.mark.parametrize("path", [f"{KEYS}?cursor=a%00b", "/api/v1/a%00b"])
async def test_nul_in_an_address_is_refused(api, path):
    problem(await api.client.get(path), 422, "validation_error")


async def test_every_answer_forbids_guessing_and_keeping(api):
    for path in ("/api/v1/info", "/api/v1/nothing", "/healthz", "/"):
        headers = (await api.client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"


async def test_requests_are_measured_by_route_without_ids(api):
    def count(route: str, status: str) -> float:
        labels = {"method": "GET", "route": route, "status": status}
        name = "pantheon_http_request_seconds_count"
        return metrics.REGISTRY.get_sample_value(name, labels) or 0

    before = count("/keys/{key_id}", "404"), count("none", "404")
    await api.client.get(f"{KEYS}/01a21061-1df3-74d2-8bb6-eaae6af75042")
    await api.client.get("/api/v1/nothing")
    assert (count("/keys/{key_id}", "404"), count("none", "404")) == (before[0] + 1, before[1] + 1)
