"""The providers that settings and environment name, each made as the operator wants it."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from pantheon.base.errors import ProblemType
from pantheon.base.http import is_address
from pantheon.base.settings import ProviderSetting, Settings
from pantheon.providers import catalog
from pantheon.providers.catalog import Facts
from pantheon.providers.demo import DemoProvider
from pantheon.providers.local import (
    PACKAGED_NAME,
    LocalProvider,
    ModelFile,
    find_model,
    local_model,
)
from pantheon.providers.openai import OpenAIProvider
from pantheon.providers.registry import ENTERED, NO_KEY, Entry, Providers, by_id

PROVIDER_INVALID = ProblemType("provider_invalid", 500, "A model provider cannot be set up")

OPENAI_URL = "https://api.openai.com/v1"
OPENROUTER_URL = "https://openrouter.ai/api/v1"
OLLAMA_PORT = 11434
# What Ollama gives a model unless it is told otherwise; more is cut off without a word.
OLLAMA_WINDOW = 4_096
DEMO_NOTE = "A demo: its answers are made by rule, no model is asked."


def open_providers(settings: Settings, environ: Mapping[str, str]) -> Providers:
    """Return the providers that settings and environment name. No request is made yet.

    A provider of the settings takes the place of a known one of the same name. Raises
    `provider_invalid` for an address or a key that cannot be one.
    """
    entries = [_demo(), _local(settings.local_model), *_known(environ)]
    named = [_configured(name, setting) for name, setting in settings.providers.items()]
    return Providers(
        [*entries, *named], key_file=settings.key_path, summary_model=settings.summary_model
    )


def _demo() -> Entry:
    provider = DemoProvider()
    return Entry(provider, "built in", by_id(provider.models()), note=DEMO_NOTE)


def _local(chosen: Path | None) -> Entry:
    file = find_model(chosen)
    if isinstance(file, ModelFile):
        model = local_model(file.name)
        return Entry(LocalProvider(file), "built in", by_id([model]), note=file.note)
    absent = ModelFile(Path(), PACKAGED_NAME, "")
    models = by_id([local_model(PACKAGED_NAME)])
    return Entry(LocalProvider(absent), "built in", models, usable=False, reason=file)


def _known(environ: Mapping[str, str]) -> Iterator[Entry]:
    """Yield the providers that their usual variables or a key switch on, and Ollama if found."""
    yield _openai(environ, environ.get("OPENAI_API_KEY", "").strip() or None, "OPENAI_API_KEY")
    yield _openrouter(environ.get("OPENROUTER_API_KEY", "").strip() or None, "OPENROUTER_API_KEY")
    host = environ.get("OLLAMA_HOST")
    if host is None or host.strip():
        base_url = _ollama_url(host)
        _check("", "OLLAMA_HOST", base_url, None)
        window = environ.get("OLLAMA_CONTEXT_LENGTH", "")
        assumed = Facts(
            context_window=int(window) if window.isdecimal() else OLLAMA_WINDOW,
            # Ollama holds every model to a schema by its grammar.
            capabilities=frozenset({"structured_outputs"}),
        )
        provider = OpenAIProvider("ollama", base_url, assumed=assumed)
        source = "found on its usual port" if host is None else "OLLAMA_HOST"
        yield Entry(provider, source, asked=True, hidden=host is None)


def _openai(environ: Mapping[str, str], api_key: str | None, source: str) -> Entry:
    base_url = environ.get("OPENAI_BASE_URL", "").strip() or OPENAI_URL
    _check("OPENAI_API_KEY", "OPENAI_BASE_URL", base_url, api_key)
    # The operator's organisation is none of the user's whose key it is.
    theirs = source != "OPENAI_API_KEY"
    provider = OpenAIProvider(
        "openai",
        base_url,
        api_key=api_key,
        organization=None if theirs else environ.get("OPENAI_ORG_ID") or None,
        project=None if theirs else environ.get("OPENAI_PROJECT_ID") or None,
    )
    return _keyed(provider, source, api_key, lambda key: _openai(environ, key, ENTERED))


def _openrouter(api_key: str | None, source: str) -> Entry:
    _check("OPENROUTER_API_KEY", "", OPENROUTER_URL, api_key)
    provider = OpenAIProvider("openrouter", OPENROUTER_URL, api_key=api_key, marked="anthropic/")
    return _keyed(provider, source, api_key, lambda key: _openrouter(key, ENTERED))


def _keyed(
    provider: OpenAIProvider, source: str, api_key: str | None, with_key: Callable[[str], Entry]
) -> Entry:
    """Return a known provider that needs a key to be of use."""
    if api_key is not None:
        return Entry(provider, source, asked=True, api_key=api_key, with_key=with_key)
    reason = f"No key yet: enter one, or set {source} before Pantheon starts."
    return Entry(provider, NO_KEY, usable=False, reason=reason, with_key=with_key)


def _configured(name: str, setting: ProviderSetting, entered: str | None = None) -> Entry:
    api_key = setting.api_key.get_secret_value().strip() if setting.api_key else None
    api_key = entered or api_key
    place = f"PANTHEON_PROVIDERS › {name} ›"
    _check(f"{place} api_key", f"{place} base_url", setting.base_url, api_key)
    marked = "" if setting.cache_control else None
    provider = OpenAIProvider(name, setting.base_url, api_key=api_key, marked=marked)
    listed = [
        provider.model(model.id, catalog.from_setting(model)) for model in setting.models or []
    ]
    return Entry(
        provider,
        ENTERED if entered else "settings",
        by_id(listed),
        asked=setting.models is None,
        any_model=setting.any_model,
        api_key=api_key,
        with_key=lambda key: _configured(name, setting, key),
    )


def _check(key_setting: str, url_setting: str, base_url: str, api_key: str | None) -> None:
    if not is_address(base_url):
        raise PROVIDER_INVALID(
            f"{url_setting} is '{base_url}', which is no address of a server. It looks like"
            " http://127.0.0.1:8001/v1."
        )
    if api_key is not None and not (api_key.isascii() and api_key.isprintable() and api_key):
        raise PROVIDER_INVALID(
            f"{key_setting} holds characters that no key has, or none. Copy it anew."
        )


def _ollama_url(host: str | None) -> str:
    """Return Ollama's address as `OLLAMA_HOST` writes it: scheme and port can be left out."""
    host = (host or "127.0.0.1").strip().rstrip("/")
    url = host if "://" in host else f"http://{host}"
    if re.fullmatch(r"http://([^/:]+|\[[^]]+\])", url):
        url = f"{url}:{OLLAMA_PORT}"
    # A server that listens everywhere is reached here.
    return url.replace("://0.0.0.0", "://127.0.0.1") + "/v1"
