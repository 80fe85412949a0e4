"""Tests of `pantheon.turns.call`: what is kept of a call. How calls end is in test_step.py."""

from dataclasses import replace
from decimal import Decimal

import pytest

from pantheon.base import ids
from pantheon.context.quotes import Quote
from pantheon.ledger.attempts import Outcome
from pantheon.providers.types import Failure, Finished, Price, TokenUsage
from pantheon.turns.ask import Ask, prepare_ask
from pantheon.turns.call import Reply, call_model, closing
from pantheon.turns.step import NOT_SENT
from tests.make import demo_providers
from tests.turns.test_ask import FROZEN, PLAN, PROMPTS
from tests.turns.under_lease import at_work, steps_of

USAGE = TokenUsage(1_000, 400, 200, 50)
PRICE = Price(Decimal(1), Decimal(10), version="p1")
BROKEN = Failure("provider_dropped", "T", "D", retryable=True)


def asked(price: Price | None = PRICE) -> Ask:
    """Return what was asked of a model with this price."""
    ask = prepare_ask(
        demo_providers(), FROZEN, PROMPTS, {}, PLAN, (), Quote(None, "Q?", 1), ids.new()
    )
    assert isinstance(ask, Ask)
    return replace(ask, model=replace(ask.model, price=price))


@pytest.mark.parametrize(
    ("reply", "outcome", "usage", "estimated", "charged"),
    [
        (Reply("Yes.", finished=Finished("stop", USAGE, "r1")), "completed", USAGE, False, 3_000),
        # A failed call costs the operator what it cost, and charges nothing.
        (Reply("Ye", failure=replace(BROKEN, usage=USAGE)), "failed", USAGE, False, 0),
        (Reply("", failure=BROKEN), "failed", TokenUsage(), False, 0),
        (Reply("", failure=NOT_SENT), "cancelled", TokenUsage(), False, 0),
    ],
)
def test_what_the_provider_told_is_kept(reply, outcome, usage, estimated, charged):
    closed, spent = closing(reply, asked(), Outcome(outcome))
    assert (closed.usage, closed.estimated, closed.charged_microcredits) == (
        usage, estimated, charged,
    )  # fmt: skip
    assert (spent.usage, spent.charged_microcredits) == (usage, charged)
    assert closed.pricing_version == "p1"
    assert closed.error_code == (reply.failure.code if reply.failure else None)
    assert closed.sent is (reply.failure is not NOT_SENT)


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply("x" * 300, finished=Finished("stop", None)), "completed"),
        (Reply("x" * 300, left=True), "cancelled"),
        (Reply("x" * 300, failure=BROKEN), "failed"),
        (Reply("x" * 200, reasoning="y" * 100, finished=Finished("stop", None)), "completed"),
    ],
)
def test_usage_that_nobody_told_is_estimated(reply, outcome):
    ask = asked()
    closed, spent = closing(reply, ask, Outcome(outcome))
    assert closed.estimated
    assert spent.estimated
    assert closed.usage.output_tokens in (120, 121)
    assert closed.usage.input_tokens == round(0.7 * ask.assembled.input_tokens) > 0


def test_without_a_price_there_is_no_cost():
    finished = Finished("stop", USAGE, "r1")
    closed, spent = closing(Reply("Yes.", finished=finished), asked(None), Outcome.completed)
    assert (closed.cost_usd, closed.pricing_version, closed.charged_microcredits) == (None, None, 0)
    assert (spent.cost_usd, closed.provider_request_id) == (None, "r1")


async def test_after_a_halt_nothing_is_sent(idle, who):
    work = await at_work(idle, who, "demo/fast")
    work.control.stop("cancel")
    reply = await call_model(work, steps_of(work)[0], asked(), ids.new(), work.ends_at)
    assert reply == Reply(latency_ms=reply.latency_ms)
    assert work.control.calls == set()


def test_reasoning_and_what_is_unsaved_go_into_the_log(idle_step):
    reply = Reply("Yes.", reasoning="Hm.")
    (event,) = reply.events(idle_step)
    assert event.type == "step.reasoning"
    assert event.data == {"step_id": idle_step.id, "attempt": 2, "text": "Hm."}
    assert Reply("Yes.").events(idle_step) == []


@pytest.fixture
async def idle_step(idle, who):
    """A step in its second attempt."""
    (step,) = steps_of(await at_work(idle, who, "demo/fast"))
    return replace(step, attempts=2)
