"""What a turn would cost: calls, tokens and money, low and high, before it is sent. Nothing stored.

Low: every agent answers briefly and once, a manager decides by itself. High: every answer is as
long as the reply that is reserved for it, every later one reads all earlier ones; an orchestrator
uses up its caps, with those agents that cost most. Attempts that fail are charged nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from pantheon.accounts.roles import Who
from pantheon.base import ids
from pantheon.base.money import credits_text, usd_text
from pantheon.context import tokens
from pantheon.context.quotes import Quote
from pantheon.db.pool import Connection
from pantheon.ledger import prices
from pantheon.providers.own_keys import providers_of
from pantheon.providers.registry import Providers
from pantheon.providers.types import Failure, Model, TokenUsage
from pantheon.turns.ask import DEFAULT_REPLY_TOKENS, Ask, history_bounds, prepare_ask
from pantheon.turns.freeze import check_input, freeze
from pantheon.turns.history import load_history
from pantheon.turns.modes.orchestrator import cap_of
from pantheon.turns.place import load_place
from pantheon.turns.recall import recall_ratios
from pantheon.turns.types import Frozen, Seat, StepPlan, TurnInput

BRIEF_ANSWER = 50
DECISION = 200

Amount = int | Decimal


@dataclass(frozen=True, slots=True)
class Part:
    """What one agent would use: so many calls, and in each so much. Ranges are (low, high)."""

    seat: Seat
    model: Model
    calls: tuple[int, int]
    once: tuple[TokenUsage, TokenUsage]
    used: int
    failure: Failure | None

    def costs(self) -> tuple[Decimal, Decimal] | None:
        """Return what one call costs in US dollars, `None` without a price."""
        low, high = (prices.cost_usd(usage, self.model.price) for usage in self.once)
        return None if low is None or high is None else (low, high)

    def tokens(self) -> tuple[int, int]:
        """Return how many tokens one call has, read and written."""
        low, high = (usage.input_tokens + usage.output_tokens for usage in self.once)
        return low, high


async def forecast_turn(
    conn: Connection, providers: Providers, who: Who, session_id: UUID, wanted: TurnInput
) -> dict[str, Any]:
    """Return the `Forecast` of the HTTP contract for a turn that is not sent yet.

    Raises what `accept_turn` raises for the same input.
    """
    check_input(wanted)
    place = await load_place(conn, who, session_id)
    providers = await providers_of(conn, providers, who.workspace_id, place.keys_version)
    await recall_ratios(conn, providers, who.workspace_id)
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
    plans = _plans(frozen)
    models = {p.key: providers.resolve(_seat(frozen, p).model, accepted=True)[1] for p in plans}
    replies = {_seat(frozen, p).key: _reply(_seat(frozen, p), models[p.key]) for p in plans}
    parts = []
    # A seat's context as if it spoke first: what it will read of the others is in the high bound.
    alone = replace(frozen, manager=None, order="parallel")
    for plan in plans:
        told = frozen if plan.kind == "route" else alone
        ask = prepare_ask(providers, told, prompts, {}, plan, history, asked, ids.new())
        parts.append(_part(frozen, _seat(frozen, plan), models[plan.key], replies, ask))
    return _shape(mode, frozen, parts, warnings)


def _plans(frozen: Frozen) -> list[StepPlan]:
    """Return one step for each agent: the manager's decision, a seat's answer."""
    seats = [StepPlan(f"s0:{s.key}", "answer", 1, 1, s.key) for s in frozen.seats]
    if frozen.manager is None:
        return seats
    return [StepPlan("route1", "route", 1, 0, frozen.manager.key), *seats]


def _seat(frozen: Frozen, plan: StepPlan) -> Seat:
    return frozen.seat(plan.agent_key or "")


def _reply(seat: Seat, model: Model) -> int:
    reply = int(seat.parameters.get("max_output_tokens") or DEFAULT_REPLY_TOKENS)
    return min(reply, model.max_output_tokens)


def _part(
    frozen: Frozen, seat: Seat, model: Model, replies: Mapping[str, int], ask: Ask | Failure
) -> Part:
    used = ask.assembled.input_tokens if isinstance(ask, Ask) else 0
    calls, short, read = (1, 1), BRIEF_ANSWER, 0
    manager = frozen.manager
    if manager is not None:
        rounds, most = cap_of(frozen, "rounds"), cap_of(frozen, "calls")
        if seat.key == manager.key:
            # Each decision and the synthesis; it reads all answers, and its own briefs with them.
            calls, short = (1, rounds + 1), DECISION
            longest = max(replies[other.key] for other in frozen.seats)
            read = most * longest + rounds * replies[seat.key]
        else:
            calls = (0, min(cap_of(frozen, "calls_per_agent"), most))
            read = replies[manager.key]
    elif frozen.order == "sequence":
        read = sum(replies[other.key] for other in frozen.seats[: frozen.seats.index(seat)])
    reply = replies[seat.key]
    low = TokenUsage(used, 0, min(short, reply))
    high = TokenUsage(min(used + read, model.context_window), 0, reply)
    failure = ask if isinstance(ask, Failure) else None
    return Part(seat, model, calls, (low, high), used, failure)


def _shape(
    mode: str, frozen: Frozen, parts: Sequence[Part], warnings: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    most = None if frozen.manager is None else cap_of(frozen, "calls")
    priced = [part for part in parts if part.model.price is not None]
    failures = [part.failure for part in parts if part.failure is not None]
    return {
        "mode": mode,
        "agents": [
            {
                "key": part.seat.key,
                "model": part.model.id,
                **_ranges([part], None),
                "context": {"used": part.used, "window": part.model.context_window},
            }
            for part in parts
        ],
        **_ranges(parts, most),
        "unpriced": sorted({part.model.id for part in parts if part not in priced}),
        "warnings": [*warnings, *({"code": f.code, "detail": f.detail} for f in failures)],
    }


def _ranges(parts: Sequence[Part], most: int | None) -> dict[str, Any]:
    """Return what some agents would use together; `most` bounds the calls beside the manager's."""
    costs = [part.costs() or (Decimal(0), Decimal(0)) for part in parts]
    calls = _sum(parts, [(1, 1) for _ in parts], most)
    size = _sum(parts, [part.tokens() for part in parts], most)
    cost = _sum(parts, costs, most)
    # Each call's charge is rounded up by itself.
    charge = _sum(
        parts, [(prices.microcredits(c[0]), prices.microcredits(c[1])) for c in costs], most
    )
    unpriced = all(part.model.price is None for part in parts)
    return {
        "calls": {"low": int(calls[0]), "high": int(calls[1])},
        "tokens": {"low": int(size[0]), "high": int(size[1])},
        "cost_usd": None
        if unpriced
        else {"low": usd_text(Decimal(cost[0])), "high": usd_text(Decimal(cost[1]))},
        "credits": {"low": credits_text(int(charge[0])), "high": credits_text(int(charge[1]))},
    }


def _sum(
    parts: Sequence[Part], once: Sequence[tuple[Amount, Amount]], most: int | None
) -> tuple[Amount, Amount]:
    """Return the sum over all calls of what one call of each part is, at least and at most.

    Where only `most` calls are left to those who are not the first, they are the dearest ones.
    """
    low = sum(part.calls[0] * each[0] for part, each in zip(parts, once, strict=True))
    high: Amount = 0
    left = sum(part.calls[1] for part in parts) if most is None else parts[0].calls[1] + most
    ordered = sorted(range(len(parts)), key=lambda i: (i > 0, -once[i][1]))
    for i in ordered:
        taken = min(parts[i].calls[1], left)
        left -= taken
        high += taken * once[i][1]
    return low, high
