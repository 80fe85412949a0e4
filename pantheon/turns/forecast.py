"""What a turn would cost: calls, tokens and money, low and high, before it is sent. Nothing stored.

Low: every agent answers briefly and once. High: every answer is as long as it may be, every later
one reads all earlier ones; an orchestrator uses up its caps.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from pantheon.accounts.roles import Who
from pantheon.base import ids
from pantheon.base.money import credits_text, usd_text
from pantheon.context import tokens
from pantheon.context.assemble import Quote
from pantheon.db.pool import Connection
from pantheon.ledger import prices
from pantheon.providers.registry import Providers
from pantheon.providers.types import Failure, Model, TokenUsage
from pantheon.turns.ask import DEFAULT_REPLY_TOKENS, Ask, history_bounds, prepare_ask
from pantheon.turns.freeze import check_input, freeze
from pantheon.turns.history import load_history
from pantheon.turns.modes.orchestrator import cap_of
from pantheon.turns.place import load_place
from pantheon.turns.types import Frozen, Seat, StepPlan, TurnInput

BRIEF_ANSWER = 50
DECISION = 200


@dataclass(frozen=True, slots=True)
class Part:
    """What one agent would use. Ranges are (low, high)."""

    seat: Seat
    model: Model
    calls: tuple[int, int]
    input_tokens: tuple[int, int]
    output_tokens: tuple[int, int]
    used: int
    window: int
    failure: Failure | None


async def forecast_turn(
    conn: Connection, providers: Providers, who: Who, session_id: UUID, wanted: TurnInput
) -> dict[str, Any]:
    """Return the `Forecast` of the HTTP contract for a turn that is not sent yet.

    Raises what `accept_turn` raises for the same input.
    """
    check_input(wanted)
    place = await load_place(conn, who, session_id)
    mode, frozen, warnings = freeze(place, providers, wanted)
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
    parts = []
    # A seat's context as if it spoke first: what it will read of the others is in the high bound.
    alone = replace(frozen, manager=None, order="parallel")
    for plan in _plans(frozen):
        told = frozen if plan.kind == "route" else alone
        ask = prepare_ask(providers, told, prompts, {}, plan, history, asked, ids.new())
        parts.append(_part(providers, frozen, plan, ask))
    return _shape(mode, parts, warnings)


def _plans(frozen: Frozen) -> list[StepPlan]:
    """Return one step for each agent: the manager's decision, a seat's answer."""
    seats = [StepPlan(f"s0:{s.key}", "answer", 1, 1, s.key) for s in frozen.seats]
    if frozen.manager is None:
        return seats
    return [StepPlan("route1", "route", 1, 0, frozen.manager.key), *seats]


def _part(providers: Providers, frozen: Frozen, plan: StepPlan, ask: Ask | Failure) -> Part:
    seat = frozen.seat(plan.agent_key or "")
    _, model = providers.resolve(seat.model, accepted=True)
    used = ask.assembled.input_tokens if isinstance(ask, Ask) else 0
    reply = int(seat.parameters.get("max_output_tokens") or DEFAULT_REPLY_TOKENS)
    reply = min(reply, model.max_output_tokens)
    brief = min(BRIEF_ANSWER, reply)
    others = len(frozen.seats) - 1
    calls = (1, 1)
    grown = used
    if frozen.manager is not None:
        rounds, most = cap_of(frozen, "rounds"), cap_of(frozen, "calls")
        if seat.key == frozen.manager.key:
            calls, grown = (1, rounds + 1), used + most * reply
            brief = min(DECISION, reply)
        else:
            calls = (0, min(cap_of(frozen, "calls_per_agent"), most))
    elif frozen.order == "sequence":
        before = frozen.seats.index(seat) if seat in frozen.seats else others
        grown = used + before * reply
    high_input = min(grown, model.context_window) * calls[1]
    return Part(
        seat, model, calls, (used * calls[0], high_input),
        (brief * calls[0], reply * calls[1]), used, model.context_window,
        ask if isinstance(ask, Failure) else None,
    )  # fmt: skip


def _shape(mode: str, parts: Sequence[Part], warnings: Sequence[dict[str, str]]) -> dict[str, Any]:
    costs = [_costs(part) for part in parts]
    unpriced = sorted({part.model.id for part in parts if part.model.price is None})
    agents = [
        {
            "key": part.seat.key,
            "model": part.model.id,
            "calls": _range(part.calls),
            "tokens": _range(_both(part.input_tokens, part.output_tokens)),
            "cost_usd": None if cost is None else _money(cost),
            "credits": _credits([cost]),
            "context": {"used": part.used, "window": part.window},
        }
        for part, cost in zip(parts, costs, strict=True)
    ]
    known = [cost for cost in costs if cost is not None]
    failures = [part.failure for part in parts if part.failure is not None]
    total = (sum((c[0] for c in known), Decimal(0)), sum((c[1] for c in known), Decimal(0)))
    return {
        "mode": mode,
        "agents": agents,
        "calls": _range(_both(*(part.calls for part in parts))),
        "tokens": _range(_both(*(_both(part.input_tokens, part.output_tokens) for part in parts))),
        "cost_usd": _money(total) if known else None,
        "credits": _credits(costs),
        "unpriced": unpriced,
        "warnings": [*warnings, *({"code": f.code, "detail": f.detail} for f in failures)],
    }


def _costs(part: Part) -> tuple[Decimal, Decimal] | None:
    price = part.model.price
    if price is None:
        return None
    low, high = (
        prices.cost_usd(TokenUsage(part.input_tokens[i], 0, part.output_tokens[i]), price)
        for i in (0, 1)
    )
    assert low is not None
    assert high is not None
    return low, high


def _both(*ranges: tuple[int, int]) -> tuple[int, int]:
    return sum(r[0] for r in ranges), sum(r[1] for r in ranges)


def _range(values: tuple[int, int]) -> dict[str, int]:
    return {"low": values[0], "high": values[1]}


def _money(cost: tuple[Decimal, Decimal]) -> dict[str, str | None]:
    return {"low": usd_text(cost[0]), "high": usd_text(cost[1])}


def _credits(costs: Sequence[tuple[Decimal, Decimal] | None]) -> dict[str, str]:
    known = [cost for cost in costs if cost is not None]
    return {
        "low": credits_text(sum(prices.microcredits(cost[0]) for cost in known)),
        "high": credits_text(sum(prices.microcredits(cost[1]) for cost in known)),
    }
