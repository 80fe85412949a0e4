"""Top-ups by a stand-in of Stripe on real HTTP: paid once, refunded, disputed."""

import asyncio
import subprocess
import sys

import pytest

from pantheon.base import ids
from pantheon.base.settings import Settings
from tests.api.checks import problem
from tests.fakes import stripe
from tests.fakes.stripe import event, signature

HOOK, TOP_UP, WALLET = "/api/v1/webhooks/stripe", "/api/v1/wallet/top-up", "/api/v1/wallet"


@pytest.fixture(scope="module")
def stand_in():
    with stripe.running() as url:
        yield url


@pytest.fixture
def settings(tmp_path, stand_in) -> Settings:
    return Settings(
        data_dir=tmp_path,
        stripe_secret_key=stripe.KEY,
        stripe_webhook_secret=stripe.SECRET,
        stripe_api_url=stand_in,
        public_url="https://pantheon.example",
        _env_file=None,
    )


async def top_up(api, amount="20.00") -> dict:
    answer = await api.client.post(TOP_UP, json={"amount_usd": amount})
    assert answer.status_code == 201, answer.text
    return answer.json()


def session_of(api, made: dict, **given) -> dict:
    """Return a checkout session as Stripe tells of it when it was paid."""
    name = made["url"].rpartition("/")[2]
    return {
        "id": name,
        "object": "checkout.session",
        "currency": "usd",
        "amount_total": int(made["amount_usd"].replace(".", "")),
        "payment_status": "paid",
        "payment_intent": f"pi_test_{name.rpartition('_')[2]}",
        "metadata": {
            "pantheon_workspace": str(api.who.workspace_id),
            "pantheon_top_up": made["id"],
        },
    } | given


async def deliver(client, kind: str, thing: dict, event_id: str | None = None, **signing):
    body = event(kind, thing, event_id or f"evt_{ids.new().hex}")
    signed = signature(body, **signing)
    return await client.post(HOOK, content=body, headers={"Stripe-Signature": signed})


async def pay(api, client, made: dict) -> dict:
    session = session_of(api, made)
    assert (await deliver(client, "checkout.session.completed", session)).status_code == 204
    return session


async def balance(api) -> str:
    return (await api.client.get(WALLET)).json()["balance"]


async def movements(api) -> list[tuple[str, str]]:
    items = (await api.client.get(f"{WALLET}/transactions")).json()["items"]
    return [(item["kind"], item["credits"]) for item in reversed(items)]


async def test_a_checkout_is_made_and_its_payment_grants(api, anonymous, stand_in):
    made = await top_up(api)
    assert made["url"].startswith("https://checkout.stripe.com/c/pay/cs_test_")
    assert (made["amount_usd"], made["credits"], made["paid"]) == ("20.00", "20.0000", False)
    form = stripe.requests(stand_in)[-1]["form"]
    assert form["line_items[0][price_data][unit_amount]"] == "2000"
    assert form["success_url"] == "https://pantheon.example/usage"
    assert form["payment_intent_data[metadata][pantheon_top_up]"] == made["id"]
    assert await balance(api) == "0.0000"
    await pay(api, anonymous, made)
    assert await balance(api) == "20.0000"
    (item,) = (await api.client.get(f"{WALLET}/transactions")).json()["items"]
    assert item["kind"] == "top_up"
    assert item["user_id"] == str(api.who.user_id)


async def test_a_webhook_delivered_twenty_times_at_once_grants_once(api, anonymous):
    session = session_of(api, await top_up(api))
    answers = await asyncio.gather(
        *(deliver(anonymous, "checkout.session.completed", session, "evt_1") for _ in range(20))
    )
    assert [answer.status_code for answer in answers] == [204] * 20
    assert await movements(api) == [("top_up", "20.0000")]
    await deliver(anonymous, "checkout.session.async_payment_succeeded", session, "evt_2")
    assert await movements(api) == [("top_up", "20.0000")]


async def test_a_repeated_request_makes_one_checkout(api, anonymous, stand_in):
    before = len(stripe.requests(stand_in))
    headers = {"Idempotency-Key": "one"}
    first = await api.client.post(TOP_UP, json={"amount_usd": "5"}, headers=headers)
    await pay(api, anonymous, first.json())
    again = await api.client.post(TOP_UP, json={"amount_usd": "5"}, headers=headers)
    assert again.json() == {**first.json(), "paid": True}
    assert len(stripe.requests(stand_in)) == before + 1


async def test_what_is_not_paid_yet_or_not_ours_grants_nothing(api, anonymous):
    made = await top_up(api)
    elsewhere = {"pantheon_workspace": str(api.who.workspace_id), "pantheon_top_up": str(ids.new())}
    for thing in (
        session_of(api, made, payment_status="unpaid"),
        session_of(api, made, currency="eur"),
        session_of(api, made, metadata={}),
        session_of(api, made, metadata=elsewhere),
    ):
        answer = await deliver(anonymous, "checkout.session.completed", thing)
        assert answer.status_code == 204
    others = {"id": "re_1", "amount": 5, "status": "succeeded", "payment_intent": "pi_of_others"}
    assert (await deliver(anonymous, "refund.created", others)).status_code == 204
    assert (await deliver(anonymous, "customer.created", {"id": "cus_1"})).status_code == 204
    assert await movements(api) == []


async def test_refunds_are_rows_of_their_own(api, anonymous):
    """In parts; told twice; one that fails is given back, whichever event comes first."""
    session = await pay(api, anonymous, await top_up(api))
    refund = {"id": "re_a", "amount": 333, "payment_intent": session["payment_intent"]}
    for kind, status in (("refund.created", "pending"), ("refund.updated", "succeeded")):
        assert (await deliver(anonymous, kind, {**refund, "status": status})).status_code == 204
    assert await movements(api) == [("top_up", "20.0000"), ("refund", "-3.3300")]
    failed = {**refund, "id": "re_b", "amount": 100, "status": "failed"}
    await deliver(anonymous, "refund.failed", failed)
    await deliver(anonymous, "refund.created", {**failed, "status": "pending"})
    assert (await movements(api))[2:] == [("refund", "-1.0000"), ("refund", "1.0000")]
    assert await balance(api) == "16.6700"


async def test_a_dispute_takes_back_what_was_spent_too(api, anonymous):
    session = await pay(api, anonymous, await top_up(api))
    async with api.db.transaction(api.who.workspace_id) as conn:
        await conn.execute("UPDATE wallets SET balance_microcredits = 0")
    dispute = {"id": "dp_1", "amount": 2000, "payment_intent": session["payment_intent"]}
    await deliver(anonymous, "charge.dispute.funds_withdrawn", dispute)
    assert await balance(api) == "-20.0000"
    await deliver(anonymous, "charge.dispute.funds_reinstated", dispute)
    assert await balance(api) == "0.0000"


async def test_only_stripe_is_believed(api, anonymous):
    session = session_of(api, await top_up(api))
    kind = "checkout.session.completed"
    for answer in (
        await deliver(anonymous, kind, session, secret="whsec_of_somebody"),
        await deliver(anonymous, kind, session, age_seconds=301),
        await anonymous.post(HOOK, content=event(kind, session, "evt_1")),
        await anonymous.post(HOOK, content=b"", headers={"Stripe-Signature": signature(b"")}),
        await anonymous.post(HOOK, content=b"[]", headers={"Stripe-Signature": signature(b"[]")}),
    ):
        problem(answer, 400, "signature_invalid")
    assert await movements(api) == []


async def test_what_stripe_refuses_is_told(api, anonymous):
    refused = await api.client.post(TOP_UP, json={"amount_usd": "6.66"})
    assert "This amount is not taken" in problem(refused, 502, "payment_failed")["detail"]
    lost = {"id": "re_1", "amount": 5, "status": "succeeded", "payment_intent": "pi_lost"}
    problem(await deliver(anonymous, "refund.created", lost), 502, "payment_failed")
    for wrong in ("0.99", "1.001", "100001", "-5", "NaN"):
        problem(await api.client.post(TOP_UP, json={"amount_usd": wrong}), 422, "validation_error")


def test_the_library_is_not_loaded_before_somebody_pays():
    code = "import sys, pantheon.api.app; print('stripe' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "False\n"
