"""A wallet beside a model of it: grants, budgets, holds, what they earmark, draw and give back."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from pantheon.base import ids
from pantheon.base.errors import Problem
from pantheon.ledger import attempts, budgets, holds, wallets
from pantheon.ledger.attempts import Attempt, Closing, Outcome
from pantheon.ledger.holds import NotCovered, Share, Wanted
from pantheon.ops.money_checks import MONEY
from pantheon.providers.types import TokenUsage
from tests.faults.guards import switch_off
from tests.make import make_agent, make_workspace
from tests.properties.machines import Machine, Place, Walk

AGENT = "a0"
KINDS = (
    ("workspace", "turn"), ("workspace", "day"), ("user", "month"), ("agent", "turn"),
    ("agent", "day"),
)  # fmt: skip
RACERS = 6
AMOUNTS = st.integers(0, 400)
DONE = Closing(Outcome.completed, None, True, TokenUsage(), False, None, None, 0, None, None, None)
STATES = """
    SELECT w.balance_microcredits, w.held_microcredits,
        (SELECT coalesce(sum(wallet_microcredits), 0)::bigint FROM postings),
        (SELECT coalesce(sum(held_microcredits), 0)::bigint FROM postings),
        (SELECT coalesce(sum(wallet_microcredits + held_microcredits + revenue_microcredits
            + provider_cost_microcredits + grants_microcredits), 0)::bigint FROM postings),
        ARRAY(SELECT json_build_array(id, amount_microcredits, drawn_microcredits,
            earmarked_microcredits) FROM holds WHERE released_at IS NULL),
        ARRAY(SELECT json_build_array(budget_id, spent_microcredits, held_microcredits)
            FROM budget_uses WHERE spent_microcredits + held_microcredits > 0)
    FROM wallets w
"""
# Of a hold that is no turn's there is one call only in the product; here there are more.
SUMS = MONEY[2:5]


@dataclass
class Budget:
    """A budget, and what is spent and held of it; of a turn's nothing is counted."""

    scope: str
    period: str
    limit: int
    live: bool = True
    spent: int = 0
    held: int = 0

    @property
    def of_agent(self) -> bool:
        """Whether it counts the calls of one agent alone."""
        return self.scope == "agent"

    @property
    def of_turn(self) -> bool:
        """Whether it bounds each hold by itself."""
        return self.period == "turn"


@dataclass
class Part:
    """A hold, or its share in a budget."""

    amount: int
    drawn: int = 0
    earmarked: int = 0

    @property
    def left(self) -> int:
        """What may still be earmarked."""
        return self.amount - self.drawn - self.earmarked


@dataclass
class Hold(Part):
    """A hold with its shares and its open attempts: what each has earmarked, and whose it is."""

    most: int | None = None
    shares: dict[UUID, Part] = field(default_factory=dict)
    open: dict[UUID, tuple[int, str | None]] = field(default_factory=dict)


class WalletMachine(Machine):
    """A wallet that is enforced."""

    @initialize(credits=st.integers(1, 2_000))
    def begin(self, credits: int) -> None:
        self.who = self.run(make_workspace(self.place.db))
        self.balance = self.held = 0
        self.budgets: dict[UUID, Budget] = {}
        self.holds: dict[UUID, Hold] = {}
        agent = self.do(lambda conn: make_agent(conn, self.who, AGENT))
        self.agent_id = UUID(agent["id"])
        self.do(lambda conn: wallets.enforce(conn, self.who, "enforce"))
        self.grant(credits)

    def do(self, doing: Any) -> Any:
        """Do something in a transaction of its own."""
        return self.run(self.in_transaction(doing))

    async def in_transaction(self, doing: Any) -> Any:
        """Do something in a transaction; what it raises rolls back."""
        async with self.place.db.transaction(self.who.workspace_id) as conn:
            return await doing(conn)

    @rule(credits=st.integers(1, 500))
    def grant(self, credits: int) -> None:
        self.do(lambda conn: wallets.grant(conn, self.who.workspace_id, credits, reason="More"))
        self.balance += credits

    @rule(credits=st.integers(1, 1_000))
    def take_back(self, credits: int) -> None:
        """No more than is free."""

        def correct(conn: Any) -> Any:
            return wallets.grant(
                conn, self.who.workspace_id, -credits, kind="correction", reason="Less"
            )

        if credits > self.balance - self.held:
            with pytest.raises(Problem, match="credits are free"):
                self.do(correct)
        else:
            self.do(correct)
            self.balance -= credits

    @rule(kind=st.sampled_from(KINDS), limit=AMOUNTS)
    def budget(self, kind: tuple[str, str], limit: int) -> None:
        """Set a budget, change its limit where there is one."""
        scope, period = kind
        for budget_id, budget in self.budgets.items():
            if budget.live and (budget.scope, budget.period) == kind:
                self.do(
                    lambda conn, b=budget_id: budgets.change_budget(conn, self.who, b, limit, None)
                )
                budget.limit = limit
                return
        of = {"user": self.who.user_id, "agent": self.agent_id}
        made = self.do(
            lambda conn: budgets.create_budget(
                conn, self.who, scope=scope, scope_id=of.get(scope), period=period,
                limit_microcredits=limit,
            )
        )  # fmt: skip
        self.budgets[UUID(made["id"])] = Budget(scope, period, limit)

    @precondition(lambda self: any(budget.live for budget in self.budgets.values()))
    @rule(data=st.data())
    def forget_budget(self, data: Any) -> None:
        """Holds keep their share in it."""
        live = [budget_id for budget_id, budget in self.budgets.items() if budget.live]
        chosen = data.draw(st.sampled_from(live))
        self.do(lambda conn: budgets.delete_budget(conn, self.who, chosen))
        self.budgets[chosen].live = False

    @rule(most=AMOUNTS, once=AMOUNTS, limit=st.none() | AMOUNTS)
    def take(self, most: int, once: int, limit: int | None) -> None:
        wanted = self.wanted(most, min(once, most), limit)
        refused = self.expect(wanted)
        if refused is None:
            self.do(lambda conn: holds.take(conn, wanted))
        else:
            with pytest.raises(Problem, match=refused):
                self.do(lambda conn: holds.take(conn, wanted))

    @rule(most=st.integers(1, 400))
    def race(self, most: int) -> None:
        """Many ask for the same at once: as many have it as if they had come one by one."""
        all_wanted = [self.wanted(most, most, None) for _ in range(RACERS)]

        async def ask(wanted: Wanted) -> Wanted | None:
            try:
                await self.in_transaction(lambda conn: holds.take(conn, wanted))
            except Problem:
                return None
            return wanted

        async def ask_all() -> list[Wanted | None]:
            return await asyncio.gather(*map(ask, all_wanted))

        taken = [wanted for wanted in self.run(ask_all()) if wanted is not None]
        for wanted in taken:
            assert self.expect(wanted) is None, f"{len(taken)} of {RACERS} were taken"
        if len(taken) < RACERS:
            assert self.expect(self.wanted(most, most, None), dry=True) is not None

    def wanted(self, most: int, once: int, limit: int | None) -> Wanted:
        """Ask for a hold of the agent's."""
        return Wanted(
            self.who.workspace_id, ids.new(), None, "enforce",
            [self.who.workspace_id, self.who.user_id],
            [Share(self.agent_id, AGENT, most, once)], most, limit,
        )  # fmt: skip

    def expect(self, wanted: Wanted, *, dry: bool = False) -> str | None:
        """Take a hold in the model, unless `dry`; return by which code it is refused, if it is."""
        live = {i: budget for i, budget in self.budgets.items() if budget.live}
        caps = [b.limit for b in live.values() if b.of_turn and not b.of_agent]
        if wanted.limit is not None:
            caps.append(wanted.limit)
        cap = min(caps, default=None)
        amount = wanted.most if cap is None else min(wanted.most, cap)
        if cap is not None and cap < wanted.shares[0].once:
            return "budget_exceeded"
        if amount > self.balance - self.held:
            return "insufficient_credits"
        shares = {
            budget_id: min(amount, budget.limit) if budget.of_turn else amount
            for budget_id, budget in live.items()
            if budget.of_agent or not budget.of_turn
        }
        for budget_id, share in shares.items():
            budget = live[budget_id]
            if not budget.of_turn and share and budget.spent + budget.held + share > budget.limit:
                return "budget_exceeded"
        if not dry:
            self.held += amount
            for budget_id, share in shares.items():
                if not live[budget_id].of_turn:
                    live[budget_id].held += share
            parts = {budget_id: Part(share) for budget_id, share in shares.items()}
            self.holds[wanted.id] = Hold(amount, most=cap, shares=parts)
        return None

    def applying(self, hold: Hold, agent: str | None) -> dict[UUID, Part]:
        """Return a hold's shares that count a call of this agent."""
        return {
            budget_id: part
            for budget_id, part in hold.shares.items()
            if agent == AGENT or not self.budgets[budget_id].of_agent
        }

    @precondition(lambda self: self.holds)
    @rule(data=st.data(), need=AMOUNTS, agent=st.sampled_from([AGENT, None]))
    def open(self, data: Any, need: int, agent: str | None) -> None:
        """An attempt earmarks what it needs; where the hold has not as much, it is raised."""
        hold_id = data.draw(st.sampled_from(list(self.holds)))
        hold = self.holds[hold_id]
        parts = [hold, *self.applying(hold, agent).values()]
        attempt = self.attempt(hold_id, need, agent)
        if need and any(part.left < need for part in parts):
            with pytest.raises(NotCovered):
                self.do(lambda conn: attempts.open_attempt(conn, attempt))
            if not self.extend(hold_id, attempt):
                return
        else:
            self.do(lambda conn: attempts.open_attempt(conn, attempt))
        for part in parts:
            part.earmarked += need
        hold.open[attempt.id] = need, agent

    def extend(self, hold_id: UUID, attempt: Attempt) -> bool:
        """Raise a hold for an attempt and open it, where wallet, budgets and turn have as much."""
        hold, need = self.holds[hold_id], attempt.earmark_microcredits

        async def raise_and_open(conn: Any) -> None:
            if not await holds.extend(
                conn, self.who.workspace_id, hold_id, attempt.agent_key, need, 0, "enforce"
            ):
                raise NotCovered("refused")
            await attempts.open_attempt(conn, attempt)

        by = max(0, need - hold.left)
        short = {
            budget_id: need - part.left
            for budget_id, part in self.applying(hold, attempt.agent_key).items()
            if part.left < need
        }
        within = hold.most is None or hold.drawn + hold.earmarked + need <= hold.most
        fits = within and by <= self.balance - self.held
        for budget_id, more in short.items():
            budget = self.budgets[budget_id]
            fits = fits and not budget.of_turn and budget.spent + budget.held + more <= budget.limit
        if not fits:
            with pytest.raises(NotCovered):
                self.do(raise_and_open)
            return False
        self.do(raise_and_open)
        hold.amount += by
        self.held += by
        for budget_id, more in short.items():
            hold.shares[budget_id].amount += more
            self.budgets[budget_id].held += more
        return True

    def attempt(self, hold_id: UUID, need: int, agent: str | None) -> Attempt:
        """Describe a call outside of turns."""
        return Attempt(
            self.who.workspace_id, ids.new(), self.who.user_id, None, None, None, None, None, 1,
            "test", agent, "fake", "fake/ok", b"\0" * 32, 600, hold_id, need,
        )  # fmt: skip

    @precondition(lambda self: any(hold.open for hold in self.holds.values()))
    @rule(data=st.data(), share=st.floats(0, 1))
    def settle(self, data: Any, share: float) -> None:
        """What is charged is drawn, the rest of the earmark is free again; the second time not."""
        hold = data.draw(st.sampled_from([hold for hold in self.holds.values() if hold.open]))
        attempt_id = data.draw(st.sampled_from(list(hold.open)))
        need, agent = hold.open.pop(attempt_id)
        charged = int(need * share)
        closing = replace(DONE, charged_microcredits=charged, cost_microcredits=charged // 2)
        for first in (True, False):
            assert first == self.do(
                lambda conn: attempts.close(
                    conn, self.who.workspace_id, attempt_id, closing, billed=True
                )
            )
        shares = self.applying(hold, agent)
        for part in (hold, *shares.values()):
            part.earmarked -= need
            part.drawn += charged
        self.balance -= charged
        self.held -= charged
        for budget_id in shares:
            if not self.budgets[budget_id].of_turn:
                self.budgets[budget_id].spent += charged
                self.budgets[budget_id].held -= charged

    @precondition(lambda self: any(not hold.open for hold in self.holds.values()))
    @rule(data=st.data())
    def release(self, data: Any) -> None:
        """What is left comes back, once."""
        idle = [hold_id for hold_id, hold in self.holds.items() if not hold.open]
        hold_id = data.draw(st.sampled_from(idle))
        hold = self.holds.pop(hold_id)
        for _ in range(2):
            self.do(lambda conn: holds.release(conn, self.who.workspace_id, hold_id))
        self.held -= hold.amount - hold.drawn
        for budget_id, part in hold.shares.items():
            if not self.budgets[budget_id].of_turn:
                self.budgets[budget_id].held -= part.amount - part.drawn

    @invariant()
    def same(self) -> None:
        async def read(conn: Any) -> Any:
            return await (await conn.execute(STATES)).fetchone()

        balance, held, free, reserved, moved, of_holds, of_budgets = self.do(read)
        assert self.balance >= self.held >= 0
        assert (balance, held) == (self.balance, self.held)
        assert (free, reserved, moved) == (balance - held, held, 0)
        assert {UUID(i): tuple(amounts) for i, *amounts in of_holds} == {
            hold_id: (hold.amount, hold.drawn, hold.earmarked)
            for hold_id, hold in self.holds.items()
        }
        assert {UUID(i): tuple(amounts) for i, *amounts in of_budgets} == {
            budget_id: (budget.spent, budget.held)
            for budget_id, budget in self.budgets.items()
            if budget.spent + budget.held > 0
        }


def test_a_wallet_is_what_the_model_says(walk: Walk, place: Place) -> None:
    walk("wallets and budgets beside a model", WalletMachine)
    for check in SUMS:
        assert place.owner.execute(check.query.encode()).fetchall() == [], check.says


def test_without_its_condition_a_wallet_gives_too_much(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: the wallet is looked at before, and not in the statement that takes the hold."""
    monkeypatch.setattr(holds, "take", holds.take)
    switch_off("condition")
    walk("wallets and budgets beside a model", WalletMachine, without="condition")
