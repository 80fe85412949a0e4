"""What a turn can use before it runs: for each agent so many calls, and in each so many tokens.

Low: every agent answers briefly and once, a manager decides by itself. High is a bound: every
answer is as long as its model may make it, every later one reads all earlier ones, each request is
counted as its provider could count it at worst, and an orchestrator uses up its caps with those
agents that cost most. Attempts that fail are charged nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from pantheon.base import ids
from pantheon.context.quotes import PastTurn, Quote
from pantheon.ledger import prices
from pantheon.ledger.holds import Share
from pantheon.ledger.prices import Tariff
from pantheon.providers.registry import Providers
from pantheon.providers.types import Failure, Model, TokenUsage
from pantheon.turns.ask import LONGEST_SHOWN, Ask, prepare_ask
from pantheon.turns.bounds import most_read, most_written
from pantheon.turns.modes.orchestrator import cap_of
from pantheon.turns.summarise import find_due, prepare_summary
from pantheon.turns.types import Frozen, Seat, StepPlan

BRIEF_ANSWER = 50
DECISION = 200
# What one agent wrote can be more tokens for the next one's model; a failure is told in words.
READ_AGAIN = 2
ERROR_TOKENS = 200

Amount = int | Decimal


@dataclass(frozen=True, slots=True)
class Part:
    """What one agent would use: so many calls, and in each so much. Ranges are (low, high)."""

    seat: Seat
    model: Model
    tariff: Tariff | None
    calls: tuple[int, int]
    once: tuple[TokenUsage, TokenUsage]
    used: int
    failure: Failure | None

    def costs(self) -> tuple[Decimal, Decimal]:
        """Return what one call costs in US dollars; nothing without a price."""
        if self.tariff is None:
            return Decimal(0), Decimal(0)
        low = prices.cost_usd(self.once[0], self.tariff.price) or Decimal(0)
        most = self.once[1]
        worst = prices.worst_usd(most.input_tokens, most.output_tokens, self.tariff.price)
        return low, worst

    def charges(self) -> tuple[int, int]:
        """Return what one call charges in micro-credits. Each call's charge is rounded up."""
        low, high = self.costs()
        return prices.microcredits(low, self.tariff), prices.microcredits(high, self.tariff)

    def tokens(self) -> tuple[int, int]:
        """Return how many tokens one call has, read and written."""
        low, high = (usage.input_tokens + usage.output_tokens for usage in self.once)
        return low, high


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a turn's agents would use, and before them those who summarise.

    `most_calls` bounds the calls of those beside a manager, who then is the first of `parts`.
    """

    parts: Sequence[Part]
    summaries: Sequence[Part]
    most_calls: int | None

    def sum(self, once: Sequence[tuple[Amount, Amount]]) -> tuple[Amount, Amount]:
        """Return the sum over all calls of what one call of each part is, at least and at most."""
        low, high = total(self.parts, once[: len(self.parts)], self.most_calls)
        before = total(self.summaries, once[len(self.parts) :], None)
        return low + before[0], high + before[1]

    @property
    def everybody(self) -> list[Part]:
        """The parts of those who answer, and of those who summarise."""
        return [*self.parts, *self.summaries]

    def charges(self) -> tuple[int, int]:
        """Return what the turn charges at least and at most, in micro-credits."""
        low, high = self.sum([part.charges() for part in self.everybody])
        return int(low), int(high)

    def shares(self) -> list[Share]:
        """Return what each agent can need of the turn's hold."""
        shares: dict[str, Share] = {}
        for part in self.everybody:
            once = part.charges()[1]
            known = shares.get(part.seat.key)
            most = part.calls[1] * once + (known.most if known else 0)
            agent_id = UUID(part.seat.agent_id) if part.seat.agent_id else None
            first = min(once, known.once) if known else once
            shares[part.seat.key] = Share(agent_id, part.seat.key, most, first)
        return list(shares.values())


def estimate_turn(
    providers: Providers,
    frozen: Frozen,
    role_prompts: Mapping[UUID, str],
    history: Sequence[PastTurn],
    asked: Quote,
    taken_over: Collection[str] = (),
) -> Estimate:
    """Return what a turn would use. Steps that are `taken_over` run no more."""
    plans = _plans(frozen, taken_over)
    replies = {seat.key: _reply(providers, seat) for seat in frozen.everybody}
    parts = []
    # A seat's context as if it spoke first: what it will read of the others is in the high bound.
    alone = replace(frozen, manager=None, order="parallel")
    for plan in plans:
        told = frozen if plan.kind == "route" else alone
        ask = prepare_ask(providers, told, role_prompts, {}, plan, history, asked, ids.new())
        parts.append(_part(providers, frozen, _seat(frozen, plan), replies, ask, taken_over))
    due = find_due(providers, frozen, role_prompts, history, asked)
    summaries = [
        _summary(prepare_summary(providers, frozen, one))
        for key, one in due.items()
        if key not in taken_over
    ]
    most = None
    if frozen.manager is not None:
        most = max(0, cap_of(frozen, "calls") - _done(taken_over, "r"))
    return Estimate(parts, [part for part in summaries if part is not None], most)


def total(
    parts: Sequence[Part], once: Sequence[tuple[Amount, Amount]], most: int | None
) -> tuple[Amount, Amount]:
    """Return the sum over all calls of what one call of each part is, at least and at most.

    Where only `most` calls are left to those who are not the first, they are the dearest ones.
    """
    low = sum(part.calls[0] * each[0] for part, each in zip(parts, once, strict=True))
    high: Amount = 0
    left = sum(part.calls[1] for part in parts)
    if most is not None:
        left = parts[0].calls[1] + most
    ordered = sorted(range(len(parts)), key=lambda i: (i > 0, -once[i][1]))
    for i in ordered:
        taken = min(parts[i].calls[1], left)
        left -= taken
        high += taken * once[i][1]
    return low, high


def _plans(frozen: Frozen, taken_over: Collection[str]) -> list[StepPlan]:
    """Return one step for each agent: the manager's decision, a seat's answer."""
    if frozen.manager is None:
        done = {key.partition(":")[2] for key in taken_over if key.startswith("s")}
        return [
            StepPlan(f"s0:{s.key}", "answer", 1, 1, s.key)
            for s in frozen.seats
            if s.key not in done
        ]
    seats = [StepPlan(f"s0:{s.key}", "answer", 1, 1, s.key) for s in frozen.seats]
    return [StepPlan("route1", "route", 1, 0, frozen.manager.key), *seats]


def _done(taken_over: Collection[str], kind: str) -> int:
    """Count what is taken over: `r`: answers in rounds, `route`: decisions."""
    if kind == "route":
        return sum(key.startswith("route") for key in taken_over)
    return sum(key.startswith("r") and ":" in key for key in taken_over)


def _seat(frozen: Frozen, plan: StepPlan) -> Seat:
    return frozen.seat(plan.agent_key or "")


def _reply(providers: Providers, seat: Seat) -> int:
    return most_written(seat.parameters, providers.resolve(seat.model, accepted=True)[1])


def _part(
    providers: Providers,
    frozen: Frozen,
    seat: Seat,
    replies: Mapping[str, int],
    ask: Ask | Failure,
    taken_over: Collection[str],
) -> Part:
    model = providers.resolve(seat.model, accepted=True)[1]
    used = ask.assembled.input_tokens if isinstance(ask, Ask) else 0
    calls, short, read = (1, 1), BRIEF_ANSWER, 0
    manager = frozen.manager
    if manager is not None:
        rounds = max(0, cap_of(frozen, "rounds") - _done(taken_over, "route"))
        most = cap_of(frozen, "calls")
        if seat.key == manager.key:
            # Each decision and the synthesis; it reads all answers, and its own briefs with them.
            calls, short = (1, rounds + 1), DECISION
            longest = max(replies[other.key] for other in frozen.seats)
            read = most * (longest + ERROR_TOKENS) + cap_of(frozen, "rounds") * replies[seat.key]
            # A decision that has to be mended is shown to its model.
            read += min(LONGEST_SHOWN, replies[seat.key]) + ERROR_TOKENS
        else:
            calls = (0, min(cap_of(frozen, "calls_per_agent"), most))
            read = replies[manager.key]
    elif frozen.order == "sequence":
        before = frozen.seats[: frozen.seats.index(seat)]
        read = sum(replies[other.key] + ERROR_TOKENS for other in before)
    reply = replies[seat.key]
    low = TokenUsage(used, 0, min(short, reply))
    most_input = most_read(used + READ_AGAIN * read, model.context_window)
    if not read and isinstance(ask, Ask):
        # Nothing is added to this request: it is what will be sent.
        most_input = min(most_input, len(ask.body))
    high = TokenUsage(most_input, 0, reply)
    failure = ask if isinstance(ask, Failure) else None
    return Part(seat, model, frozen.terms.tariff(model), calls, (low, high), used, failure)


def _summary(ask: Ask | Failure) -> Part | None:
    """Return what a summary would use, mended once; one that cannot be made uses nothing."""
    if isinstance(ask, Failure):
        return None
    used, written = ask.assembled.input_tokens, most_written(ask.seat.parameters, ask.model)
    shown = READ_AGAIN * (min(LONGEST_SHOWN, written) + ERROR_TOKENS)
    once = (
        TokenUsage(used, 0, min(DECISION, written)),
        TokenUsage(most_read(used + shown, ask.model.context_window), 0, written),
    )
    return Part(ask.seat, ask.model, ask.tariff, (1, 1), once, used, None)
