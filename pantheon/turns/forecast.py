"""What a turn would cost: calls, tokens and money, low and high, before it is sent. Nothing stored.

The high one is what a turn may reserve, and no turn charges more: docs/billing.md.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from pantheon.accounts.roles import Who
from pantheon.base.money import credits_text, usd_text
from pantheon.context import tokens
from pantheon.context.quotes import Quote
from pantheon.db.pool import Connection
from pantheon.providers.own_keys import providers_of
from pantheon.providers.registry import Providers
from pantheon.turns.ask import history_bounds
from pantheon.turns.estimate import Estimate, Part, estimate_turn
from pantheon.turns.freeze import check_input, freeze
from pantheon.turns.history import load_history
from pantheon.turns.place import load_place
from pantheon.turns.recall import recall_ratios
from pantheon.turns.terms import with_terms
from pantheon.turns.types import TurnInput


async def forecast_turn(
    conn: Connection, providers: Providers, who: Who, session_id: UUID, wanted: TurnInput
) -> dict[str, Any]:
    """Return the `Forecast` of the HTTP contract for a turn that is not sent yet.

    Raises what `accept_turn` raises for the same input, but for what no wallet can pay.
    """
    check_input(wanted)
    place = await load_place(conn, who, session_id)
    providers = await providers_of(conn, providers, who.workspace_id, place.keys_version)
    await recall_ratios(conn, providers, who.workspace_id)
    mode, frozen, warnings = freeze(place, providers, wanted)
    frozen, unpriced = await with_terms(conn, who, place, providers, frozen)
    history = await load_history(
        conn,
        who.workspace_id,
        session_id,
        place.head_turn_id,
        place.turn_count + 1,
        **history_bounds(providers, frozen),
    )
    prompts = {UUID(agent["prompt_id"]): agent["prompt"] for agent in place.roster}
    asked = Quote(None, wanted.text, tokens.estimate(wanted.text))
    estimate = estimate_turn(providers, frozen, prompts, history, asked)
    return _shape(mode, estimate, [*warnings, *unpriced])


def _shape(mode: str, estimate: Estimate, warnings: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    parts = estimate.parts
    failures = [part.failure for part in parts if part.failure is not None]
    return {
        "mode": mode,
        "agents": [
            {
                "key": part.seat.key,
                "model": part.model.id,
                **_ranges(Estimate([part], (), None)),
                "context": {"used": part.used, "window": part.model.context_window},
            }
            for part in parts
        ],
        **_ranges(estimate),
        "unpriced": sorted({part.model.id for part in parts if part.tariff is None}),
        "warnings": [*warnings, *({"code": f.code, "detail": f.detail} for f in failures)],
    }


def _ranges(estimate: Estimate) -> dict[str, Any]:
    """Return what some agents would use together."""
    everybody: Sequence[Part] = estimate.everybody
    calls = estimate.sum([(1, 1) for _ in everybody])
    size = estimate.sum([part.tokens() for part in everybody])
    cost = estimate.sum([part.costs() for part in everybody])
    charge = estimate.charges()
    unpriced = all(part.tariff is None for part in everybody)
    return {
        "calls": {"low": int(calls[0]), "high": int(calls[1])},
        "tokens": {"low": int(size[0]), "high": int(size[1])},
        "cost_usd": None
        if unpriced
        else {"low": usd_text(Decimal(cost[0])), "high": usd_text(Decimal(cost[1]))},
        "credits": {"low": credits_text(charge[0]), "high": credits_text(charge[1])},
    }
