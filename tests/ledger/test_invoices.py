"""Tests of `pantheon.ledger.invoices`: a provider's figures beside the ledger's."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from pantheon.base.clock import now
from pantheon.base.errors import Problem
from pantheon.ledger import invoices
from pantheon.ledger.attempts import Outcome
from pantheon.ledger.invoices import Booked, Line
from pantheon.providers.types import TokenUsage
from tests.make import make_call

DOCUMENT = Path(__file__).parents[2] / "docs" / "reports.md"
MAY = date(2026, 5, 1)
OPENAI = (
    "start_time,end_time,start_time_iso,model,input_tokens,output_tokens,input_cached_tokens,"
    "num_model_requests\n"
    '1777593600,1777680000,2026-05-01T00:00:00+00:00,gpt-9-2026-01-31,"1,000",200,300,4\n'
)
ANTHROPIC = (
    "usage_date_utc,model_version,usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,"
    "usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens\r\n"
    "2026-05-01,opus-20260131,500,150,50,300,200\r\n"
)
OPENROUTER = (
    "generation_id,created_at,cost_total,tokens_prompt,tokens_completion,model_permaslug\n"
    "gen-1,2026-05-01 23:30:00,0.25,1000,200,a/b\n"
)
COSTS = "start_time,amount_value,line_item\n1777593600,0.125,gpt-9\n"


def booked(**given) -> Booked:
    values = {
        "day": MAY, "model": "openai/gpt-9", "calls": 4, "lost_calls": 0, "unpriced_calls": 0,
        "estimated": False, "input_tokens": 1000, "cached_input_tokens": 300, "output_tokens": 200,
        "cost_usd": Decimal("0.25"),
    }  # fmt: skip
    return Booked(**values | given)


@pytest.mark.parametrize(
    ("text", "model", "figures"),
    [
        (
            OPENAI,
            "gpt-9-2026-01-31",
            {"calls": 4, "input_tokens": 1000, "cached_input_tokens": 300, "output_tokens": 200},
        ),
        (
            ANTHROPIC,
            "opus-20260131",
            {"input_tokens": 1000, "cached_input_tokens": 300, "output_tokens": 200},
        ),
        (
            "\ufeff" + OPENROUTER,
            "a/b",
            {"input_tokens": 1000, "output_tokens": 200, "cost_usd": Decimal("0.25")},
        ),
        (COSTS, "gpt-9", {"cost_usd": Decimal("0.125")}),
    ],
    ids=["OpenAI's usage", "Anthropic's usage", "OpenRouter's activity", "OpenAI's costs"],
)
def test_the_files_of_providers_are_read(text, model, figures):
    assert invoices.read_csv(text) == [Line(MAY, model, figures)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "needs one of these columns: model: .*It has: none"),
        ("input_tokens\n5\n", "needs one of these columns: model: .*It has: input_tokens"),
        ("model,day\nm,2026-05-01\n", "needs one of these columns: calls: .*It has: model, day"),
        ("model,calls\n,5\n", "Line 2 of the file cannot be read: it has no model"),
        ("model,calls\nm,5\nm,many\n", "Line 3"),
        ("model,calls\nm,-1\n", "has to be a number from 0"),
        ("model,calls\nm,NaN\n", "has to be a number from 0"),
        ("model,calls\nm,1e99999\n", "has to be a number from 0"),
        ("model,day,calls\nm,May,1\n", "Line 2"),
        ("model,day,calls\nm," + "9" * 30 + ",1\n", "Line 2"),
        ("model,calls\n" + "m,1\n" * (invoices.MOST_LINES + 1), "100,000 lines at most"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(text, says):
    with pytest.raises(Problem, match=says) as refused:
        invoices.read_csv(text)
    assert refused.value.kind.code == "validation_error"


def test_a_file_of_unknown_columns_is_told_every_name_that_is_known():
    with pytest.raises(Problem) as refused:
        invoices.read_csv("modell,kosten\nm,5\n")
    for name in invoices.TEXTS["model"]:
        assert name in refused.value.detail
    with pytest.raises(Problem) as refused:
        invoices.read_csv("model,kosten\nm,5\n")
    for names in invoices.NUMBERS.values():
        for name in names:
            assert name in refused.value.detail
    assert "It has: model, kosten." in refused.value.detail
    with pytest.raises(Problem) as refused:
        invoices.days_of(invoices.read_csv("model,tag,cost\nm,2026-05-01,5\n"), None, None)
    for name in invoices.TEXTS["day"]:
        assert name in refused.value.detail


def test_the_document_has_every_column():
    documented = DOCUMENT.read_text("utf-8").replace("…_", "usage_input_tokens_")
    for names in (*invoices.TEXTS.values(), *invoices.NUMBERS.values()):
        for name in names:
            assert f"`{name}`" in documented


def test_sides_that_agree():
    found = invoices.compare("openai", invoices.read_csv(OPENAI), [booked()], MAY, MAY)
    assert found["agrees"]
    (item,) = found["items"]
    assert (item["day"], item["model"]) == ("2026-05-01", "gpt-9")
    assert item["theirs"]["cost_usd"] is None
    assert item["drift"] == {
        "calls": 0, "input_tokens": 0, "cached_input_tokens": 0, "output_tokens": 0,
        "cost_usd": None,
    }  # fmt: skip


def test_a_drift_is_theirs_minus_ours():
    """A lost call, whose tokens nobody told us; a model that is only there; one only here."""
    lines = [
        Line(MAY, "gpt-9", {"input_tokens": 1100, "cost_usd": Decimal("0.2749")}),
        Line(MAY, "gpt-10", {"input_tokens": 7, "cost_usd": Decimal(1)}),
    ]
    ours = [
        booked(lost_calls=1, estimated=True),
        booked(model="openai/gpt-8", cost_usd=Decimal("0.004"), input_tokens=0),
    ]
    found = invoices.compare("openai", lines, ours, MAY, MAY)
    items = {item["model"]: item for item in found["items"]}
    assert {model: item["agrees"] for model, item in items.items()} == {
        "gpt-10": False, "gpt-8": True, "gpt-9": False,
    }  # fmt: skip
    assert items["gpt-9"]["drift"]["input_tokens"] == 100
    assert items["gpt-9"]["drift"]["cost_usd"] == "0.024900"
    assert items["gpt-9"]["drift"]["output_tokens"] is None
    assert (items["gpt-9"]["ours"]["lost_calls"], items["gpt-9"]["ours"]["estimated"]) == (1, True)
    assert items["gpt-10"]["ours"]["calls"] == 0
    assert items["gpt-8"]["theirs"] is None
    assert found["drift"]["cost_usd"] == "1.020900"
    assert found["drift"]["input_tokens"] == 107
    assert not found["agrees"]


def test_totals_are_compared_over_all_days():
    lines = [Line(None, "openai/gpt-9", {"calls": 8})]
    ours = [booked(), booked(day=date(2026, 5, 2), model="openai/gpt-9-2026-01-31")]
    (item,) = invoices.compare("openai", lines, ours, MAY, date(2026, 5, 2))["items"]
    assert (item["day"], item["ours"]["calls"], item["agrees"]) == (None, 8, True)


def test_the_days_of_a_comparison():
    dated = [Line(MAY, "m", {"calls": 1}), Line(date(2026, 5, 3), "m", {"calls": 1})]
    assert invoices.days_of(dated, None, None) == (MAY, date(2026, 5, 3))
    assert invoices.days_of(dated, MAY, MAY) == (MAY, MAY)
    for lines, since, until in (
        ([], None, None),
        ([Line(None, "m", {"calls": 1})], MAY, None),
        (dated, date(2026, 5, 4), None),
        (dated, date(2020, 1, 1), None),
    ):
        with pytest.raises(Problem):
            invoices.days_of(lines, since, until)
    far = [Line(date(2030, 1, 1), "gpt-9", {"calls": 1})]
    assert invoices.compare("openai", far, [], MAY, MAY)["items"] == []


async def test_the_ledger_has_what_left(db, who):
    async with db.transaction(who.workspace_id) as conn:
        usage = TokenUsage(100, 10, 20, 5)
        await make_call(conn, who, model="lab/m1", usage=usage, cost_usd="0.5")
        await make_call(conn, who, model="lab/m1", usage=usage, cost_usd=None, estimated=True)
        await make_call(conn, who, model="lab/m1", usage=TokenUsage(), outcome=Outcome.lost)
        await make_call(conn, who, model="labour/m1")
        today = now().date()
        (row,) = await invoices.read_booked(conn, who.workspace_id, "lab", today, today)
        assert row == Booked(today, "lab/m1", 3, 1, 1, True, 200, 20, 40, Decimal("0.5"))
        for day in (date(2026, 1, 1), date(2099, 1, 1)):
            assert await invoices.read_booked(conn, who.workspace_id, "lab", day, day) == []
