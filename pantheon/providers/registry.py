"""The model providers that are configured, and the models known of each."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog

from pantheon.base.errors import NOT_FOUND, Problem, ProblemType
from pantheon.providers.openai import OpenAIProvider
from pantheon.providers.ratios import Ratios
from pantheon.providers.types import Failure, Model, Provider

UNKNOWN_MODEL = ProblemType("unknown_model", 422, "There is no such model")

NAMED_AT_MOST = 12
NEAR_AT_MOST = 3
SHORTEST_KEY = 12

ENTERED = "entered in the page"
NO_KEY = "no key"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class OwnKey:
    """A key that a workspace has entered for a provider, or why it cannot be read."""

    id: UUID
    provider: str
    api_key: str | None = field(repr=False)
    trouble: str | None = None


@dataclass(slots=True)
class Entry:
    """A provider, where it comes from, and what is known of its models.

    `asked`: its server tells the models; else `models` are the operator's or built in.
    `hidden` until it was found, for a server that nobody configured. `reason`: why it cannot be
    used now. `usable` is false for what no request can reach, as a model that is not installed.
    `with_key` makes the same provider with another key, where it takes one; `own_key_id` is that of
    a workspace's own key.
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
    with_key: "Callable[[str], Entry] | None" = field(default=None, repr=False)
    own_key_id: UUID | None = None

    @property
    def unasked(self) -> bool:
        """Whether a key was just entered, so that the server has not told its models yet."""
        known = self.models or self.reason is not None
        return self.own_key_id is not None and self.asked and not known


class Providers:
    """The configured providers. Looking a model up never waits: servers are asked by `refresh`."""

    def __init__(
        self,
        entries: Sequence[Entry],
        *,
        key_file: Path | None = None,
        summary_model: str | None = None,
    ) -> None:
        """Hold `entries`. `key_file` opens the keys that workspaces have entered.

        `summary_model` is who summarises; `None`: each agent's own model.
        """
        self._entries = {entry.provider.name: entry for entry in entries}
        self.ratios = Ratios()
        self.summary_model = summary_model
        self._own: dict[UUID, tuple[int, Providers]] = {}
        self._retired: list[Entry] = []
        self.key_file = key_file
        self.unasked = asyncio.Event()

    def of(self, workspace_id: UUID, version: int) -> "Providers | None":
        """Return the providers with a workspace's own keys, as of this version of them.

        `None` where they have changed and have to be read (`own_keys.providers_of` does).
        """
        if version == 0:
            return self
        known_version, known = self._own.get(workspace_id, (0, self))
        return known if known_version >= version else None

    def with_keys(self, workspace_id: UUID, version: int, keys: Sequence[OwnKey]) -> "Providers":
        """Take a workspace's own keys in place of the operator's, and return its providers.

        Whoever has the former ones goes on with them. Keys of providers that the operator has
        taken away are passed over.
        """
        _, before = self._own.get(workspace_id, (0, self))
        entries = dict(self._entries)
        for key in keys:
            old, made_by = before._entries.get(key.provider), entries.get(key.provider)
            if old is not None and old.own_key_id == key.id:
                entries[key.provider] = old
            elif made_by is not None and made_by.with_key is not None:
                entries[key.provider] = _owned(made_by, key)
        self._retired += [
            entry
            for name, entry in before._entries.items()
            if entry.own_key_id is not None and entries.get(name) is not entry
        ]
        own = Providers(
            list(entries.values()), key_file=self.key_file, summary_model=self.summary_model
        )
        own.ratios = self.ratios
        self._own[workspace_id] = (version, own)
        self.unasked.set()
        return own

    def candidate(self, name: str, api_key: str) -> Entry:
        """Return the provider of this name with another key, to be tried. Raises `not_found`."""
        entry = self._entries.get(name)
        if entry is None or entry.hidden or entry.with_key is None:
            takers = [e.provider.name for e in self._shown() if e.with_key is not None]
            raise NOT_FOUND(
                f"There is no provider '{name}' that takes a key. There are {', '.join(takers)}."
            )
        return entry.with_key(api_key)

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
        if model is None and (entry.any_model or entry.unasked or (accepted and entry.asked)):
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
                "takes_key": entry.with_key is not None,
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
        self.unasked.clear()
        entries = self._all()
        await asyncio.gather(*(_ask(entry) for entry in entries if entry.asked))
        for entry in entries:
            if isinstance(entry.provider, OpenAIProvider) and entry.usable and not entry.hidden:
                await entry.provider.prepare()

    async def ask(self, name: str) -> None:
        """Ask one provider for its models, where its server tells them."""
        entry = self._entries[name]
        if entry.asked:
            await _ask(entry)

    async def aclose(self) -> None:
        """Close connections and child processes."""
        entries = [*self._all(), *self._retired]
        await asyncio.gather(*(entry.provider.aclose() for entry in entries))

    def _all(self) -> list[Entry]:
        """Return the operator's entries and those of all workspaces, each once."""
        own = [entry for _, known in self._own.values() for entry in known._entries.values()]
        return list({id(entry): entry for entry in [*self._entries.values(), *own]}.values())

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


def _owned(entry: Entry, key: OwnKey) -> Entry:
    """Return a provider with a workspace's own key, or with why that key cannot be used."""
    if key.api_key is None or entry.with_key is None:
        return replace(
            entry, source=ENTERED, own_key_id=key.id, api_key=None, models={}, asked=False,
            any_model=False, usable=False, reason=key.trouble,
        )  # fmt: skip
    return replace(entry.with_key(key.api_key), own_key_id=key.id)


async def _ask(entry: Entry) -> None:
    listed = await entry.provider.list_models()
    if isinstance(listed, Failure):
        if entry.reason is None and not entry.hidden:
            log.warning("models cannot be listed", provider=entry.provider.name, why=listed.detail)
        entry.reason = listed.detail
        return
    entry.models = by_id(listed)
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


def by_id(models: Iterable[Model]) -> dict[str, Model]:
    """Return models by their ids."""
    return {model.id: model for model in models}


def _last4(api_key: str | None) -> str | None:
    return api_key[-4:] if api_key is not None and len(api_key) >= SHORTEST_KEY else None
