"""Which providers there are, which models, and what happens while a server is away."""

import asyncio
from pathlib import Path

import pytest

from pantheon.base.errors import Problem
from pantheon.base.settings import Settings
from pantheon.providers.registry import Providers, open_providers
from pantheon.providers.types import Price
from tests.fakes import process

NO_OLLAMA = {"OLLAMA_HOST": ""}


@pytest.fixture
async def opened(tmp_path: Path):
    """Return a function that opens providers of these settings and this environment."""
    found: list[Providers] = []

    def open_(
        providers: dict | None = None, environ: dict[str, str] | None = None, **more: object
    ) -> Providers:
        settings = Settings(data_dir=tmp_path, providers=providers or {}, **more)
        found.append(open_providers(settings, {**NO_OLLAMA, **(environ or {})}))
        return found[-1]

    yield open_

    await asyncio.gather(*(providers.aclose() for providers in found))


def refused(providers: Providers, model_id: str, **more) -> Problem:
    with pytest.raises(Problem) as problem:
        providers.resolve(model_id, **more)
    assert (problem.value.kind.code, problem.value.kind.status) == ("unknown_model", 422)
    return problem.value


def described(providers: Providers, name: str) -> dict:
    (found,) = [entry for entry in providers.describe() if entry["name"] == name]
    return found


def test_demo_and_local_are_always_there(opened):
    providers = opened()
    assert [entry["name"] for entry in providers.describe()] == ["demo", "local"]
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


async def test_ollama_is_found_by_its_variable_and_has_a_small_window(opened, fakes):
    providers = opened(environ={"OLLAMA_HOST": fakes.removesuffix("/v1")})
    await providers.refresh()
    assert providers.resolve("ollama/echo")[1].context_window == 4_096
    assert described(providers, "ollama")["source"] == "OLLAMA_HOST"
    wider = opened(
        environ={"OLLAMA_HOST": fakes.removesuffix("/v1"), "OLLAMA_CONTEXT_LENGTH": "16000"}
    )
    await wider.refresh()
    assert wider.resolve("ollama/echo")[1].context_window == 16_000


@pytest.mark.parametrize(
    ("host", "where"),
    [
        ("127.0.0.1", "http://127.0.0.1:11434/v1"),
        ("gpu", "http://gpu:11434/v1"),
        ("gpu:1234", "http://gpu:1234/v1"),
        ("0.0.0.0:1234", "http://127.0.0.1:1234/v1"),
        ("http://gpu:1234/", "http://gpu:1234/v1"),
        ("https://gpu.example", "https://gpu.example/v1"),
        ("[::1]", "http://[::1]:11434/v1"),
    ],
)
def test_ollamas_variable_is_read_as_ollama_reads_it(opened, host, where):
    provider, _ = opened(environ={"OLLAMA_HOST": host}).resolve("ollama/m", accepted=True)
    assert provider._base_url == where


def test_ollama_that_nobody_configured_is_hidden_until_it_is_found(tmp_path):
    providers = open_providers(Settings(data_dir=tmp_path), {})
    assert "ollama" not in [entry["name"] for entry in providers.describe()]
    refused(providers, "ollama/llama3", accepted=True)


def test_known_providers_are_switched_on_by_their_variables(opened):
    providers = opened(
        environ={"OPENAI_API_KEY": "sk-0123456789abcd", "OPENROUTER_API_KEY": "sk-or-0123456789xyz"}
    )
    names = [entry["name"] for entry in providers.describe()]
    assert names == ["demo", "local", "openai", "openrouter"]
    assert described(providers, "openai")["source"] == "OPENAI_API_KEY"
    assert described(providers, "openai")["last4"] == "abcd"
    provider, model = providers.resolve("openai/gpt-4o-mini", accepted=True)
    assert provider._base_url == "https://api.openai.com/v1"
    assert model.price is not None
    provider, _ = providers.resolve("openrouter/maker/m", accepted=True)
    assert provider._base_url == "https://openrouter.ai/api/v1"


async def test_openai_can_be_at_another_address(opened, fakes):
    providers = opened(environ={"OPENAI_API_KEY": "k" * 20, "OPENAI_BASE_URL": fakes})
    await providers.refresh()
    assert providers.resolve("openai/ok")[1].id == "openai/ok"


def test_the_settings_take_the_place_of_a_known_provider(opened):
    own = {"openai": {"base_url": "http://127.0.0.1:1/v1", "models": ["mine"]}}
    providers = opened(own, {"OPENAI_API_KEY": "k" * 20})
    assert providers.resolve("openai/mine")[0]._base_url == "http://127.0.0.1:1/v1"
    assert described(providers, "openai")["source"] == "settings"


@pytest.mark.parametrize(
    ("providers", "environ", "setting"),
    [
        ({"lab": {"base_url": "http://host:99999/v1"}}, {}, "PANTHEON_PROVIDERS › lab › base_url"),
        ({"lab": {"base_url": "http:///v1"}}, {}, "PANTHEON_PROVIDERS › lab › base_url"),
        (
            {"lab": {"base_url": "http://h/v1", "api_key": "line\nbreak"}},
            {},
            "PANTHEON_PROVIDERS › lab › api_key",
        ),
        ({}, {"OPENAI_API_KEY": "sk-é"}, "OPENAI_API_KEY"),
        ({}, {"OPENAI_API_KEY": "sk-1", "OPENAI_BASE_URL": "nonsense"}, "OPENAI_BASE_URL"),
        ({}, {"OPENROUTER_API_KEY": "a\x00b"}, "OPENROUTER_API_KEY"),
        ({}, {"OLLAMA_HOST": "http://[::1"}, "OLLAMA_HOST"),
    ],
)
def test_an_address_or_a_key_that_cannot_be_one_is_refused(opened, providers, environ, setting):
    with pytest.raises(Problem) as problem:
        opened(providers, environ)
    assert problem.value.kind.code == "provider_invalid"
    assert problem.value.detail.startswith(setting)
    assert "sk-é" not in problem.value.detail


@pytest.fixture
def fakes_of_its_own():
    """A fake server whose state this test may change."""
    with process.running() as url:
        yield url
