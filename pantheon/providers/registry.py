"""The model providers that are configured, and the models known of each."""

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import structlog

from pantheon.base.errors import Problem, ProblemType
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
from pantheon.providers.ratios import Ratios
from pantheon.providers.types import Failure, Model, Provider

UNKNOWN_MODEL = ProblemType("unknown_model", 422, "There is no such model")
PROVIDER_INVALID = ProblemType("provider_invalid", 500, "A model provider cannot be set up")

NAMED_AT_MOST = 12
NEAR_AT_MOST = 3
SHORTEST_KEY = 12

OPENAI_URL = "https://api.openai.com/v1"
OPENROUTER_URL = "https://openrouter.ai/api/v1"
OLLAMA_PORT = 11434
# What Ollama gives a model unless it is told otherwise; more is cut off without a word.
OLLAMA_WINDOW = 4_096
DEMO_NOTE = "A demo: its answers are made by rule, no model is asked."

log = structlog.get_logger()


@dataclass(slots=True)
class Entry:
    """A provider, where it comes from, and what is known of its models.

    `asked`: its server tells the models; else `models` are the operator's or built in.
    `hidden` until it was found, for a server that nobody configured. `reason`: why it cannot be
    used now. `usable` is false for what no request can reach, as a model that is not installed.
    """

    provider: Provider
    source: str
    models: dict[str, Model] = field(default_factory=dict)
    asked: bool = False
    any_model: bool = False
    hidden: bool = False
    usable: bool = True
    api_key: str | None = field(default=None, repr=False)
    reason: str | None = None
    note: str | None = None


class Providers:
    """The configured providers. Looking a model up never waits: servers are asked by `refresh`."""

    def __init__(self, entries: Sequence[Entry], summary_model: str | None = None) -> None:
        self._entries = {entry.provider.name: entry for entry in entries}
        self.ratios = Ratios()
        self.summary_model = summary_model

    def resolve(self, model_id: str, *, accepted: bool = False) -> tuple[Provider, Model]:
        """Return the provider and the model of `provider/model`.

        With `accepted` the model was checked when its turn was accepted: then one that its server
        does not list, now or not yet, is tried all the same. Raises `unknown_model`.
        """
        provider_name, _, name = model_id.partition("/")
        entry = self._entries.get(provider_name)
        if entry is None or entry.hidden or not name:
            raise self._unknown(model_id)
        if not entry.usable:
            raise UNKNOWN_MODEL(f"'{model_id}' cannot be used here: {entry.reason}")
        model = entry.models.get(model_id)
        if model is None and (entry.any_model or (accepted and entry.asked)):
            model = entry.provider.unlisted(name)
        if model is None:
            raise self._unknown(model_id)
        return entry.provider, model

    def models(self) -> list[Model]:
        """Return every model that is known, with the reason where it cannot be used now."""
        return [
            model if entry.reason is None else replace(model, available=False, reason=entry.reason)
            for entry in self._shown()
            for model in entry.models.values()
        ]

    def describe(self) -> list[dict[str, Any]]:
        """Return the providers, JSON-ready. Of a key only the last four characters are told."""
        return [
            {
                "name": entry.provider.name,
                "kind": entry.provider.kind,
                "source": entry.source,
                "has_key": entry.api_key is not None,
                "last4": _last4(entry.api_key),
                "models": list(entry.models),
                "any_model": entry.any_model,
                "available": entry.reason is None,
                "reason": entry.reason,
                "note": entry.note,
            }
            for entry in self._shown()
        ]

    async def refresh(self) -> None:
        """Ask all servers for their models, side by side. What cannot be asked keeps its list.

        The first time this loads what the configured providers need, so that no answer waits.
        """
        await asyncio.gather(*(_ask(entry) for entry in self._entries.values() if entry.asked))
        for entry in self._shown():
            if isinstance(entry.provider, OpenAIProvider):
                await entry.provider.prepare()

    async def aclose(self) -> None:
        """Close connections and child processes."""
        await asyncio.gather(*(entry.provider.aclose() for entry in self._entries.values()))

    def _shown(self) -> list[Entry]:
        return [entry for entry in self._entries.values() if not entry.hidden]

    def _unknown(self, model_id: str) -> Problem:
        usable = [entry for entry in self._shown() if entry.usable]
        known = [model_id for entry in usable for model_id in entry.models]
        near = _near(model_id, known)
        detail = f"There is no model '{model_id}'. "
        own = self._entries.get(model_id.partition("/")[0])
        if own is not None and own.reason is not None and not own.hidden:
            detail += f"{own.provider.name} cannot be asked for its models: {own.reason} "
        if near:
            detail += f"Did you mean {' or '.join(near)}?"
        else:
            more = f" and {len(known) - NAMED_AT_MOST} more" if len(known) > NAMED_AT_MOST else ""
            detail += f"There are {', '.join(known[:NAMED_AT_MOST])}{more}."
        return UNKNOWN_MODEL(detail, near_models=near)


def open_providers(settings: Settings, environ: Mapping[str, str]) -> Providers:
    """Return the providers that settings and environment name. No request is made yet.

    A provider of the settings takes the place of a known one of the same name. Raises
    `provider_invalid` for an address or a key that cannot be one.
    """
    entries = [_demo(), _local(settings.local_model), *_known(environ)]
    named = [_configured(name, setting) for name, setting in settings.providers.items()]
    return Providers([*entries, *named], settings.summary_model)


def _demo() -> Entry:
    provider = DemoProvider()
    return Entry(provider, "built in", _by_id(provider.models()), note=DEMO_NOTE)


def _local(chosen: Path | None) -> Entry:
    file = find_model(chosen)
    if isinstance(file, ModelFile):
        model = local_model(file.name)
        return Entry(LocalProvider(file), "built in", _by_id([model]), note=file.note)
    absent = ModelFile(Path(), PACKAGED_NAME, "")
    models = _by_id([local_model(PACKAGED_NAME)])
    return Entry(LocalProvider(absent), "built in", models, usable=False, reason=file)


def _known(environ: Mapping[str, str]) -> Iterator[Entry]:
    """Yield the providers that their usual variables switch on, and Ollama, found or not."""
    if api_key := environ.get("OPENAI_API_KEY", "").strip():
        base_url = environ.get("OPENAI_BASE_URL", "").strip() or OPENAI_URL
        _check("OPENAI_API_KEY", "OPENAI_BASE_URL", base_url, api_key)
        provider = OpenAIProvider(
            "openai",
            base_url,
            api_key=api_key,
            organization=environ.get("OPENAI_ORG_ID") or None,
            project=environ.get("OPENAI_PROJECT_ID") or None,
        )
        yield Entry(provider, "OPENAI_API_KEY", asked=True, api_key=api_key)
    if api_key := environ.get("OPENROUTER_API_KEY", "").strip():
        _check("OPENROUTER_API_KEY", "", OPENROUTER_URL, api_key)
        provider = OpenAIProvider("openrouter", OPENROUTER_URL, api_key=api_key)
        yield Entry(provider, "OPENROUTER_API_KEY", asked=True, api_key=api_key)
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


def _configured(name: str, setting: ProviderSetting) -> Entry:
    api_key = setting.api_key.get_secret_value().strip() if setting.api_key else None
    place = f"PANTHEON_PROVIDERS › {name} ›"
    _check(f"{place} api_key", f"{place} base_url", setting.base_url, api_key)
    provider = OpenAIProvider(name, setting.base_url, api_key=api_key)
    listed = [
        provider.model(model.id, catalog.from_setting(model)) for model in setting.models or []
    ]
    return Entry(
        provider,
        "settings",
        _by_id(listed),
        asked=setting.models is None,
        any_model=setting.any_model,
        api_key=api_key,
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


async def _ask(entry: Entry) -> None:
    listed = await entry.provider.list_models()
    if isinstance(listed, Failure):
        if entry.reason is None and not entry.hidden:
            log.warning("models cannot be listed", provider=entry.provider.name, why=listed.detail)
        entry.reason = listed.detail
        return
    entry.models = _by_id(listed)
    entry.reason = None
    entry.hidden = False


def _near(model_id: str, known: Sequence[str]) -> list[str]:
    """Return the known ids whose names are like this one's, whatever their provider."""
    names: dict[str, list[str]] = {}
    for known_id in known:
        names.setdefault(_name(known_id), []).append(known_id)
    close = get_close_matches(_name(model_id), list(names), n=3, cutoff=0.75)
    return [known_id for name in close for known_id in names[name]][:NEAR_AT_MOST]


def _name(model_id: str) -> str:
    return model_id.rpartition("/")[2].lower()


def _by_id(models: Iterable[Model]) -> dict[str, Model]:
    return {model.id: model for model in models}


def _last4(api_key: str | None) -> str | None:
    return api_key[-4:] if api_key is not None and len(api_key) >= SHORTEST_KEY else None
