"""The doctor: looks at every part that an installation needs and says in words what to do."""

import asyncio
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from os import environ
from pathlib import Path
from typing import Any

import psycopg
from psycopg_pool import PoolTimeout

from pantheon.accounts.roles import Who
from pantheon.base import clock
from pantheon.base.errors import Problem
from pantheon.base.settings import Settings
from pantheon.db.migrate import HEAD
from pantheon.db.pool import Database
from pantheon.ops import schema, server_file
from pantheon.ops.data_dir import prepare_data_dir
from pantheon.ops.embedded import Server, database
from pantheon.ops.owner import ensure_owner
from pantheon.ops.trial import try_model
from pantheon.providers.configure import open_providers
from pantheon.providers.demo import FAILING
from pantheon.providers.own_keys import providers_of
from pantheon.providers.registry import ENTERED, NO_KEY, Providers
from pantheon.providers.types import Model
from pantheon.turns import checkpoints

OLDEST_POSTGRESQL = 150_000
LEAST_FREE_BYTES = 1 << 30
LARGEST_CLOCK_DIFFERENCE = timedelta(seconds=2)
MODEL_SECONDS = 60.0
TRIALS_AT_ONCE = 4
TRIALS_OF_A_PROVIDER = 20
"""More models than these are tried only where an agent or the settings name them."""


class Verdict(StrEnum):
    """What the doctor thinks of a part."""

    fine = "fine"
    note = "note"
    broken = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One part, how it is, and what to do about it (in `detail`, after the cause)."""

    part: str
    verdict: Verdict
    detail: str


Tell = Callable[[Finding], None]


async def examine(
    settings: Settings, tell: Tell, *, environment: Mapping[str, str] = environ
) -> None:
    """Examine everything, `tell` each finding as it comes. What follows a broken part is left out.

    Each model gets one tiny call, which stands in the ledger with the purpose `test`.
    """
    if not _data_dir(settings, tell):
        return
    try:
        async with database(settings) as server:
            if await _database(server, tell):
                await _models(settings, server, tell, environment)
    except Problem as problem:
        tell(Finding("database", Verdict.broken, problem.detail))
    except (psycopg.Error, PoolTimeout) as error:
        text = " ".join(str(error).split())
        tell(
            Finding(
                "database",
                Verdict.broken,
                f"It cannot be used: {text}. Check PANTHEON_DATABASE_URL and that its server runs.",
            )
        )


def _data_dir(settings: Settings, tell: Tell) -> bool:
    part = "data directory"
    try:
        folder = prepare_data_dir(settings.data_dir)
    except Problem as problem:
        tell(Finding(part, Verdict.broken, problem.detail))
        return False
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_BYTES:
        tell(
            Finding(
                part,
                Verdict.note,
                f"{folder} has only {free >> 20} MiB left. Make room before the database needs it.",
            )
        )
    else:
        tell(Finding(part, Verdict.fine, f"{folder}, {free >> 30} GiB free"))
    running = server_file.read(folder)
    tell(
        Finding("server", Verdict.fine, f"runs at {running.url} (process {running.pid})")
        if running
        else Finding("server", Verdict.note, "None runs here. Start one with 'pantheon up'.")
    )
    return True


async def _database(server: Server, tell: Tell) -> bool:
    """Look at the server, its schema, its checkpoints and its clock; false if one is broken."""
    async with await psycopg.AsyncConnection.connect(
        server.url, autocommit=True, connect_timeout=10
    ) as conn:
        number = conn.info.server_version
        version = f"PostgreSQL {number // 10_000}.{number % 10_000}"
        if number < OLDEST_POSTGRESQL:
            detail = f"{version} is too old. Pantheon needs PostgreSQL 15 or newer."
            tell(Finding("database", Verdict.broken, detail))
            return False
        where = "embedded" if server.embedded else f"at {conn.info.host}:{conn.info.port}"
        tell(Finding("database", Verdict.fine, f"{version}, {where}"))
        await _clock(conn, tell)
        if not await _schema(server, tell):
            return False
    return await _checkpointer(server, tell)


async def _schema(server: Server, tell: Tell) -> bool:
    if server.embedded and await schema.revision_of(server) is None:
        # A data directory that nobody has used yet: `pantheon up` would do the same.
        await schema.bring_to_head(server)
    try:
        await schema.check_head(server)
    except Problem as problem:
        tell(Finding("schema", Verdict.broken, problem.detail))
        return False
    tell(Finding("schema", Verdict.fine, f"at revision {HEAD}"))
    return True


async def _checkpointer(server: Server, tell: Tell) -> bool:
    pool = checkpoints.pool(server.url)
    await pool.open(wait=True, timeout=10)
    try:
        trouble = await checkpoints.find_trouble(pool)
    finally:
        await pool.close()
    if trouble is not None:
        tell(Finding("checkpointer", Verdict.broken, f"{trouble} Run 'pantheon migrate'."))
        return False
    tell(Finding("checkpointer", Verdict.fine, "durable, its schema is the library's"))
    return True


async def _clock(conn: psycopg.AsyncConnection[Any], tell: Tell) -> None:
    before = clock.now()
    cursor = await conn.execute("SELECT clock_timestamp()")
    row = await cursor.fetchone()
    after = clock.now()
    assert row is not None
    difference = row[0] - (before + (after - before) / 2)
    words = f"{abs(difference.total_seconds()):.3f} s apart from PostgreSQL's"
    if abs(difference) > LARGEST_CLOCK_DIFFERENCE:
        detail = f"{words}. Times look wrong until both machines take theirs from NTP."
        tell(Finding("clock", Verdict.note, detail))
    else:
        tell(Finding("clock", Verdict.fine, words))


async def _models(
    settings: Settings, server: Server, tell: Tell, environment: Mapping[str, str]
) -> None:
    db = Database(server.url, size=TRIALS_AT_ONCE)
    opened = open_providers(settings, environment)
    try:
        await db.open()
        who = await ensure_owner(db, settings.billing)
        await _workers(db, tell)
        async with db.transaction(who.workspace_id) as conn:
            providers = await providers_of(conn, opened, who.workspace_id)
        _entered(providers, settings.key_path, tell)
        await opened.refresh()
        for described in providers.describe():
            _provider(described, tell)
        chosen, left_out = choose_models(providers.models(), await _named(db, who, settings))
        free = asyncio.Semaphore(TRIALS_AT_ONCE)
        await asyncio.gather(*(_model(db, who, providers, m, free, tell) for m in chosen))
        if left_out:
            detail = (
                f"{left_out} more models were not tried: their providers have more than"
                f" {TRIALS_OF_A_PROVIDER}, and no agent uses them."
            )
            tell(Finding("models", Verdict.note, detail))
    finally:
        await opened.aclose()
        await db.close()


def _entered(providers: Providers, key_file: Path, tell: Tell) -> None:
    """Tell of the keys that were entered in the page; each that cannot be opened is told below."""
    count = sum(described["source"] == ENTERED for described in providers.describe())
    if not count:
        return
    words = f"{count} entered in the page, sealed with {key_file}"
    others = key_file.exists() and key_file.stat().st_mode & 0o077
    if others:
        detail = f"{words}, which others can read. Run: chmod 600 {key_file}"
        tell(Finding("provider keys", Verdict.note, detail))
    else:
        tell(Finding("provider keys", Verdict.fine, words))


async def _workers(db: Database, tell: Tell) -> None:
    async with db.sweep() as conn:
        cursor = await conn.execute(
            "SELECT count(*) FROM workers WHERE seen_at > clock_timestamp() - interval '1 minute'"
        )
        row = await cursor.fetchone()
    assert row is not None
    detail = f"{row[0]} run turns" if row[0] else "None runs: turns wait until one is started."
    tell(Finding("workers", Verdict.fine if row[0] else Verdict.note, detail))


def _provider(described: Mapping[str, Any], tell: Tell) -> None:
    part = f"provider {described['name']}"
    models = len(described["models"])
    if described["source"] == NO_KEY:
        tell(Finding(part, Verdict.note, described["reason"]))
    elif described["reason"] is not None:
        tell(Finding(part, Verdict.broken, described["reason"]))
    else:
        detail = f"{models} models" if models != 1 else "1 model"
        tell(Finding(part, Verdict.fine, f"{detail} ({described['source']})"))


async def _named(db: Database, who: Who, settings: Settings) -> set[str]:
    """Return the ids of the models that agents and rooms use or settings list."""
    async with db.transaction(who.workspace_id) as conn:
        cursor = await conn.execute(
            """
            SELECT model FROM agents
            WHERE workspace_id = %(workspace)s AND deleted_at IS NULL
            UNION
            SELECT used.model
            FROM rooms, unnest(ARRAY[summary_model, manager ->> 'model']) AS used (model)
            WHERE workspace_id = %(workspace)s AND deleted_at IS NULL AND used.model IS NOT NULL
            """,
            {"workspace": who.workspace_id},
        )
        named = {row[0] for row in await cursor.fetchall()}
    for name, setting in settings.providers.items():
        named |= {f"{name}/{model.id}" for model in setting.models or ()}
    return named | {m for m in (settings.title_model, settings.summary_model) if m is not None}


def choose_models(models: Sequence[Model], named: set[str]) -> tuple[list[Model], int]:
    """Return the models to try, and how many are left out; `named` are those that are used."""
    usable = [m for m in models if m.available and m.id != f"demo/{FAILING}"]
    counts: dict[str, int] = {}
    for model in usable:
        name = model.id.partition("/")[0]
        counts[name] = counts.get(name, 0) + 1
    chosen = [
        m for m in usable if m.id in named or counts[m.id.partition("/")[0]] <= TRIALS_OF_A_PROVIDER
    ]
    return chosen, len(usable) - len(chosen)


async def _model(
    db: Database,
    who: Who,
    providers: Providers,
    model: Model,
    free: asyncio.Semaphore,
    tell: Tell,
) -> None:
    provider, _ = providers.resolve(model.id)
    async with free:
        trial = await try_model(db, who, provider, model, seconds=MODEL_SECONDS)
    part = f"model {model.id}"
    if trial.failure is not None:
        verdict = Verdict.note if trial.failure.code == "rate_limited" else Verdict.broken
        tell(Finding(part, verdict, f"{trial.failure.title}: {trial.failure.detail}"))
    else:
        tell(Finding(part, Verdict.fine, f"answers, in {trial.latency_ms / 1000:.1f} s"))
