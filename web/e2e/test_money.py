"""Money on the page: a budget is set, refuses what it does not cover, and is raised."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from .conftest import Opener
from .seats import make_room
from .server import Pantheon


@pytest.fixture
def counting(pantheon: Pantheon) -> Iterator[Pantheon]:
    """The server with some credits, which counts only, as it does again after the test."""
    pantheon.post("/admin/grants", {"credits": "100", "reason": "For a test"})
    pantheon.put("/admin/enforcement", {"mode": "off"})
    yield pantheon
    pantheon.put("/admin/enforcement", {"mode": "off"})


@pytest.fixture
def enforced(counting: Pantheon) -> Pantheon:
    """The server, refusing what is not covered."""
    counting.put("/admin/enforcement", {"mode": "enforce"})
    return counting


def test_billing_is_switched_on_once_it_was_said_what_that_does(
    counting: Pantheon, open_page: Opener
) -> None:
    session = counting.session(make_room(counting, {"Dear": "say: Worth it."}))
    screen = open_page("/settings/budgets")
    page = screen.page
    page.get_by_role("radio", name="Charge and refuse").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("is refused before anything is sent")
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("radio", name="Off")).to_be_checked()
    assert counting.get("/wallet")["enforcement"] == "off"
    page.get_by_role("radio", name="Charge and refuse").click()
    dialog.get_by_role("button", name="Charge and refuse").click()
    expect(page.get_by_role("radio", name="Charge and refuse")).to_be_checked()
    expect(dialog).to_have_count(0)
    assert counting.get("/wallet")["enforcement"] == "enforce"
    moved = page.get_by_role("table").get_by_role("row")
    expect(moved.nth(1)).to_contain_text("GrantedFor a test")
    expect(moved.nth(1)).to_contain_text("+100.00")
    screen.goto(f"/s/{session['id']}")
    screen.send("Is it worth it?")
    screen.wait_for_end()
    screen.goto("/settings/budgets")
    expect(moved.nth(1)).to_contain_text("A call")
    expect(moved.nth(1)).to_contain_text("−")


def test_a_turn_past_its_budget_keeps_its_text_until_the_budget_is_raised(
    enforced: Pantheon, open_page: Opener
) -> None:
    room = make_room(enforced, {"Dear": "say: Worth it."}, name="Small purse")
    session = enforced.session(room, "Dear questions")
    screen = open_page("/settings/budgets")
    page = screen.page
    screen.button("New budget").click()
    page.get_by_label("Of what").select_option("A room")
    page.get_by_label("Which room").select_option("Small purse")
    page.get_by_label("In how long").select_option("A turn")
    page.get_by_label("Limit in credits").fill("0.000001")
    screen.button("Set budget").click()
    name = "The limit of a turn of Small purse"
    row = page.get_by_role("listitem").filter(has_text=name)
    expect(row).to_be_visible()
    screen.goto(f"/s/{session['id']}")
    screen.write("A dear question")
    screen.box.press("Enter")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text(f"{name} does not cover this.")
    expect(alert).to_contain_text("Nothing was sent; your text is kept.")
    expect(screen.box).to_have_value("A dear question")
    assert enforced.timeline(session["id"]) == []
    before = enforced.get("/wallet")
    alert.get_by_role("link", name="Budgets").click()
    screen.button(f"Change: {name}").click()
    row.get_by_label("Limit in credits").fill("50")
    row.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("50")
    page.go_back()
    expect(screen.box).to_have_value("A dear question")
    screen.box.press("Enter")
    expect(screen.words("Dear")).to_have_text("Worth it.")
    screen.wait_for_end()
    # What was reserved is given back but for what it cost.
    after = enforced.get("/wallet")
    (turn,) = enforced.timeline(session["id"])
    assert float(turn["usage"]["credits"]) > 0
    spent = float(before["balance"]) - float(after["balance"])
    assert spent == pytest.approx(float(turn["usage"]["credits"]))
    assert float(after["reserved"]) == 0
