"""Which providers the settings and the environment switch on, and what cannot be one."""

import pytest

from pantheon.base.errors import Problem
from pantheon.base.settings import Settings
from pantheon.providers.configure import open_providers
from tests.providers.looking import described, refused


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
