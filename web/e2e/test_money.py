"""Money on the page: a budget is set, refuses what it does not cover, and is raised."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from .conftest import Opener
from .seats import make_room
from .server import Pantheon


@pytest.fixture
def enforced(pantheon: Pantheon) -> Iterator[Pantheon]:
    """The server, refusing what is not covered; after the test it counts only, as before."""
    before = pantheon.get("/wallet")["enforcement"]
    pantheon.post("/admin/grants", {"credits": "100", "reason": "For a test"})
    pantheon.put("/admin/enforcement", {"mode": "enforce"})
    yield pantheon
    pantheon.put("/admin/enforcement", {"mode": before})


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
