"""Usage and cost: what was asked, as sums, as bars, as a list and as a file."""

import csv

from playwright.sync_api import expect

from .conftest import Opener
from .screen import PHONE
from .seats import make_room
from .server import Pantheon


def test_usage_shows_what_the_ledger_has(pantheon: Pantheon, open_page: Opener) -> None:
    says = {"Payer": "say: This has a price.", "Free": "demo/fast"}
    room = make_room(pantheon, says, name="Costly")
    session = pantheon.session(room)
    pantheon.post(f"/sessions/{session['id']}/turns", {"input": "What is it worth?"}, wait=30)
    calls = pantheon.get("/usage?group_by=purpose")["items"]
    screen = open_page("/usage")
    page = screen.page
    total = sum(item["usage"]["calls"] for item in calls)
    expect(page.locator(".stats")).to_contain_text(f"Calls{total:,}")
    dearest = pantheon.get("/usage?group_by=model")["items"][0]
    models = page.get_by_role("table", name="By model").get_by_role("row")
    expect(models.nth(1)).to_contain_text(dearest["model"])
    expect(models.nth(1)).to_contain_text(f"{dearest['usage']['calls']:,}$")
    expect(page.get_by_role("table", name="By agent")).to_contain_text("$0.0")
    expect(page.get_by_role("table", name="By purpose")).to_contain_text("Answers")
    expect(page.get_by_role("img", name="Stacked bars: cost per day by agent")).to_be_visible()
    page.get_by_text("As a table").click()
    expect(page.get_by_role("region", name="Cost per day").get_by_role("table")).to_be_visible()
    ledger = page.get_by_role("table", name="Calls")
    ledger.scroll_into_view_if_needed()
    expect(ledger.get_by_role("row").nth(1)).to_contain_text("Free")
    expect(ledger.get_by_role("row").nth(2)).to_contain_text("Payer")
    expect(ledger.get_by_role("row").nth(2)).to_contain_text("$0.0")


def test_all_calls_can_be_taken_away_as_a_file(pantheon: Pantheon, open_page: Opener) -> None:
    room = make_room(pantheon, {"Payer": "say: This has a price."}, name="File")
    session = pantheon.session(room)
    pantheon.post(f"/sessions/{session['id']}/turns", {"input": "One."}, wait=30)
    screen = open_page("/usage")
    with screen.page.expect_download() as waiting:
        screen.button("Export CSV").click()
    with open(waiting.value.path(), newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["session_id"] == session["id"]
    assert rows[0]["outcome"] == "completed"
    assert waiting.value.suggested_filename.startswith("pantheon-calls-since-")


def test_days_can_be_chosen_by_the_keyboard_also_on_a_phone(
    pantheon: Pantheon, open_page: Opener
) -> None:
    room = make_room(pantheon, {"Payer": "say: This has a price."}, name="Days")
    pantheon.post(f"/sessions/{pantheon.session(room)['id']}/turns", {"input": "One."}, wait=30)
    screen = open_page("/usage", size=PHONE)
    thirty = screen.page.get_by_role("radio", name="30 days")
    expect(thirty).to_be_checked()
    thirty.focus()
    thirty.press("ArrowRight")
    expect(screen.page.get_by_role("radio", name="90 days")).to_be_checked()
    expect(screen.page.locator(".stats")).to_be_visible()
