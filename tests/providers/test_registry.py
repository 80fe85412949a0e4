"""Which models there are, and what happens while a server is away."""

import asyncio

import pytest

from pantheon.providers.types import Price
from tests.fakes import process
from tests.providers.looking import described, refused


def test_demo_and_local_are_always_there(opened):
    providers = opened()
    names = [entry["name"] for entry in providers.describe() if entry["available"]]
    assert names == ["demo", "local"]
    provider, model = providers.resolve("demo/analyst")
    assert (provider.name, model.id) == ("demo", "demo/analyst")
    provider, model = providers.resolve("local/smollm2-135m")
    assert (provider.kind, model.available) == ("local", True)
    assert "often wrong" in described(providers, "local")["note"]
    assert "demo" in described(providers, "demo")["note"]


@pytest.mark.parametrize(
    ("model_id", "words"),
    [
        ("demo/analist", "Did you mean demo/analyst?"),
        ("demo/xyz", "There are demo/analyst, demo/skeptic, demo/editor"),
        ("nobody/m", "There is no model 'nobody/m'."),
        ("other/ANALYST", "Did you mean demo/analyst?"),
        ("demo", "There is no model 'demo'."),
        ("demo/", "There is no model 'demo/'."),
        ("", "There is no model ''."),
    ],
)
def test_an_unknown_model_is_refused_with_the_near_ones(opened, model_id, words):
    problem = refused(opened(), model_id)
    assert words in problem.detail
    assert refused(opened(), model_id, accepted=True).detail == problem.detail


def test_a_local_model_that_cannot_be_had_says_why(opened, tmp_path):
    providers = opened(local_model=tmp_path / "missing.gguf")
    (model,) = [model for model in providers.models() if model.id.startswith("local/")]
    assert model.available is False
    assert "no GGUF file" in model.reason
    assert "no GGUF file" in refused(providers, model.id).detail
    assert described(providers, "local")["available"] is False


def test_listed_models_have_what_the_operator_says(opened):
    providers = opened(
        {
            "lab": {
                "base_url": "http://127.0.0.1:1/v1",
                "api_key": "key-0123456789-abcd",
                "models": [
                    "m1",
                    {
                        "id": "maker/m2",
                        "context_window": 16_384,
                        "max_output_tokens": 1_024,
                        "price": {"input": "0.5", "output": "1.5"},
                    },
                ],
            }
        }
    )
    _, m1 = providers.resolve("lab/m1")
    assert (m1.context_window, m1.price) == (8_192, None)
    _, m2 = providers.resolve("lab/maker/m2")
    assert (m2.context_window, m2.max_output_tokens) == (16_384, 1_024)
    assert isinstance(m2.price, Price)
    assert str(m2.price.output) == "1.5"
    assert "lab/m1" in refused(providers, "lab/m3").detail
    entry = described(providers, "lab")
    assert entry["models"] == ["lab/m1", "lab/maker/m2"]
    assert (entry["has_key"], entry["last4"], entry["source"]) == (True, "abcd", "settings")
    assert "0123456789" not in str(providers.describe())


def test_of_a_short_key_nothing_is_told(opened):
    providers = opened({"lab": {"base_url": "http://127.0.0.1:1", "api_key": "abcd", "models": []}})
    entry = described(providers, "lab")
    assert (entry["has_key"], entry["last4"]) == (True, None)


def test_any_model_of_a_server_that_allows_it(opened):
    providers = opened({"lab": {"base_url": "http://127.0.0.1:1", "any_model": True}})
    _, model = providers.resolve("lab/whatever/it-is")
    assert (model.id, model.context_window) == ("lab/whatever/it-is", 8_192)
    assert "lab/" not in str([model.id for model in providers.models()])


async def test_models_are_asked_from_the_server(opened, fakes):
    providers = opened({"lab": {"base_url": fakes}})
    refused(providers, "lab/ok")
    await providers.refresh()
    assert providers.resolve("lab/ok")[1].context_window == 16_384
    assert "lab/echo" in described(providers, "lab")["models"]
    refused(providers, "lab/not-listed")


async def test_a_server_that_is_away_at_the_start_appears_when_it_is_back(opened, unused_tcp_port):
    providers = opened({"lab": {"base_url": f"http://127.0.0.1:{unused_tcp_port}/v1"}})
    await providers.refresh()
    problem = refused(providers, "lab/ok")
    assert "lab cannot be asked for its models" in problem.detail
    assert "Is it running?" in described(providers, "lab")["reason"]
    # What was accepted before is tried all the same: the server itself says what it has.
    assert providers.resolve("lab/ok", accepted=True)[1].id == "lab/ok"
    with process.running(unused_tcp_port):
        await providers.refresh()
        assert providers.resolve("lab/ok")[1].available
        assert described(providers, "lab")["reason"] is None


async def test_a_server_that_goes_away_keeps_its_models_which_say_so(opened, fakes_of_its_own):
    providers = opened({"lab": {"base_url": fakes_of_its_own}})
    await providers.refresh()
    await asyncio.to_thread(process.models_away, fakes_of_its_own, True)
    await providers.refresh()
    (shown,) = [model for model in providers.models() if model.id == "lab/ok"]
    assert (shown.available, shown.reason) == (False, "lab answered 503.")
    assert providers.resolve("lab/ok")[1].id == "lab/ok"
    await asyncio.to_thread(process.models_away, fakes_of_its_own, False)
    await providers.refresh()
    assert all(model.available for model in providers.models())


async def test_looking_up_does_not_wait_for_a_server_that_does_not_answer(opened):
    hanging = asyncio.Event()

    async def hang(reader, writer):
        await hanging.wait()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    providers = opened({"lab": {"base_url": f"http://127.0.0.1:{port}/v1"}})
    refresh = asyncio.create_task(providers.refresh())
    await asyncio.sleep(0)
    assert providers.resolve("demo/fast")[1].id == "demo/fast"
    refused(providers, "lab/ok")
    refresh.cancel()
    with pytest.raises(asyncio.CancelledError):
        await refresh
    hanging.set()
    server.close()
    await server.wait_closed()
