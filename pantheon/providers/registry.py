"""The model providers that are configured, and the models known of each."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

import structlog

from pantheon.base.errors import Problem, ProblemType
from pantheon.base.settings import Settings
from pantheon.providers.demo import DemoProvider
from pantheon.providers.types import Failure, Model, Provider

UNKNOWN_MODEL = ProblemType("unknown_model", 422, "There is no such model")

NAMED_AT_MOST = 12

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

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = {entry.provider.name: entry for entry in entries}

    def resolve(self, model_id: str, *, accepted: bool = False) -> tuple[Provider, Model]:
        """Return the provider and the model of `provider/model`.

        With `accepted` the model was checked when its turn was accepted: then one that its server
        does not list (now, or not yet) is tried all the same. Raises `unknown_model`.
        """
        provider_name, _, name = model_id.partition("/")
        entry = self._entries.get(provider_name)
        if entry is None or entry.hidden or not name:
            raise self._unknown(model_id)
        if not entry.usable:
            raise UNKNOWN_MODEL(f"'{model_id}' cannot be used here: {entry.reason}")
        model = entry.models.get(model_id)
        if model is None and (entry.any_model or accepted):
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
        """Ask all servers for their models, side by side. What cannot be asked keeps its list."""
        await asyncio.gather(*(_ask(entry) for entry in self._entries.values() if entry.asked))

    async def aclose(self) -> None:
        """Close connections and child processes."""
        await asyncio.gather(*(entry.provider.aclose() for entry in self._entries.values()))

    def _shown(self) -> list[Entry]:
        return [entry for entry in self._entries.values() if not entry.hidden]

    def _unknown(self, model_id: str) -> Problem:
        usable = [entry for entry in self._shown() if entry.usable]
        known = [model_id for entry in usable for model_id in entry.models]
        near = get_close_matches(model_id, known, n=3, cutoff=0.75)
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
    """Return the providers that settings and environment name. No request is made yet."""
    return Providers([_demo()])


def _demo() -> Entry:
    provider = DemoProvider()
    models = {model.id: model for model in provider.models()}
    return Entry(provider, "built in", models, note="A demo: answers are made by rule.")


async def _ask(entry: Entry) -> None:
    listed = await entry.provider.list_models()
    if isinstance(listed, Failure):
        if entry.reason is None and not entry.hidden:
            log.warning("models cannot be listed", provider=entry.provider.name, why=listed.detail)
        entry.reason = listed.detail
        return
    entry.models = {model.id: model for model in listed}
    entry.reason = None
    entry.hidden = False


def _last4(api_key: str | None) -> str | None:
    return api_key[-4:] if api_key is not None and len(api_key) >= 12 else None
