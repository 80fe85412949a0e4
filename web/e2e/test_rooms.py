"""The room editor: order, mutes and modes are saved, and what was deleted comes back."""

import re

import pytest
from playwright.sync_api import Page, expect

from .conftest import Opener
from .seats import make_room
from .server import Pantheon, Refused

THREE = {name: f"say: {name} speaks." for name in ("Ann", "Ben", "Cleo")}


def seats_of(pantheon: Pantheon, room_id: str) -> list[tuple[str, bool]]:
    """Return who sits in a room, in order, and whether they are muted."""
    return [(seat["name"], seat["muted"]) for seat in pantheon.get(f"/rooms/{room_id}")["agents"]]


def save(page: Page) -> None:
    """Save the room, and wait for the answer."""
    page.get_by_role("button", name="Save room").click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()


def test_seats_are_moved_by_keys_and_by_hand_and_muted_and_the_next_turn_keeps_to_it(
    pantheon: Pantheon, open_page: Opener
) -> None:
    room = make_room(pantheon, THREE, name="To be ordered")
    screen = open_page(f"/rooms/{room['id']}")
    page = screen.page
    seats = page.get_by_role("list", name="Seats").get_by_role("listitem")
    expect(seats).to_have_count(3)
    handle = page.get_by_role("button", name="Move Cleo")
    # The part that moves seats is loaded when a room is edited.
    expect(handle).to_have_attribute("aria-roledescription", "sortable")
    _drag(page, "Move Ann", "Move Ben")
    expect(seats.first).to_contain_text("Ben")
    handle.focus()
    handle.press("Space")
    # What is said when it is picked up gives way at once to where it is.
    expect(page.get_by_text("Cleo is seat 3 of 3.")).to_be_attached()
    handle.press("ArrowUp")
    expect(page.get_by_text("Cleo is seat 2 of 3.")).to_be_attached()
    handle.press("ArrowUp")
    expect(page.get_by_text("Cleo is seat 1 of 3.")).to_be_attached()
    handle.press("Space")
    expect(seats.first).to_contain_text("Cleo")
    switch = page.get_by_role("switch", name="Ben answers")
    switch.click()
    expect(switch).not_to_be_checked()
    # Nothing is stored before it is saved.
    assert seats_of(pantheon, room["id"]) == [("Ann", False), ("Ben", False), ("Cleo", False)]
    save(page)
    assert seats_of(pantheon, room["id"]) == [("Cleo", False), ("Ben", True), ("Ann", False)]
    session = pantheon.session(room)
    screen.goto(f"/s/{session['id']}")
    screen.send("Who speaks?")
    screen.wait_for_end()
    assert [name for name, _ in screen.shown_texts()] == ["Cleo", "Ann"]


def _drag(page: Page, handle: str, onto: str) -> None:
    """Drag a seat by its handle onto another one's place."""
    start = page.get_by_role("button", name=handle).bounding_box()
    end = page.get_by_role("button", name=onto).bounding_box()
    assert start is not None
    assert end is not None
    x, y = start["x"] + start["width"] / 2, start["y"] + start["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 6)
    page.mouse.move(x, end["y"] + end["height"] / 2 + 4, steps=6)
    page.mouse.up()


def test_what_two_people_change_at_once_is_told_and_kept(
    pantheon: Pantheon, open_page: Opener
) -> None:
    room = make_room(pantheon, THREE, name="Two hands")
    screen = open_page(f"/rooms/{room['id']}")
    page = screen.page
    page.get_by_role("textbox", name="Name", exact=True).fill("Mine")
    pantheon.patch(f"/rooms/{room['id']}", {"goal": "Theirs."})
    page.get_by_role("button", name="Save room").click()
    expect(page.get_by_role("alert")).to_contain_text("changed elsewhere meanwhile: goal")
    save(page)
    stored = pantheon.get(f"/rooms/{room['id']}")
    assert (stored["name"], stored["goal"]) == ("Mine", "Theirs.")


def test_a_mode_without_its_goal_is_refused_in_words_and_nothing_is_lost(
    pantheon: Pantheon, open_page: Opener
) -> None:
    room = make_room(pantheon, THREE, name="Aimless", goal=None)
    page = open_page(f"/rooms/{room['id']}").page
    page.get_by_role("radio", name=re.compile("^Orchestrator")).check(force=True)
    page.get_by_role("button", name="Save room").click()
    expect(page.get_by_text("An orchestrator needs a goal")).to_be_visible()
    page.get_by_role("textbox", name=re.compile("^Goal")).fill("Decide.")
    save(page)
    stored = pantheon.get(f"/rooms/{room['id']}")
    assert (stored["mode"], stored["goal"]) == ("orchestrator", "Decide.")


def test_a_deleted_room_comes_back_at_once_and_later(pantheon: Pantheon, open_page: Opener) -> None:
    room = make_room(pantheon, THREE, name="Comes back")
    session = pantheon.session(room, "Was in it")
    path = f"/sessions/{session['id']}"
    screen = open_page(f"/rooms/{room['id']}")
    page = screen.page
    link = page.get_by_role("link", name="Comes back")
    expect(link).to_be_visible()
    screen.button("Room menu").click()
    page.get_by_role("menuitem", name="Delete room").click()
    expect(page.get_by_text("Comes back is deleted.")).to_be_visible()
    expect(link).to_have_count(0)
    with pytest.raises(Refused) as refused:
        pantheon.get(path)
    assert refused.value.status == 404
    page.get_by_role("button", name="Undo").click()
    expect(link).to_be_visible()
    assert pantheon.get(path)["name"] == "Was in it"
    # Later, at the address that it had.
    screen.button("Room menu").click()
    page.get_by_role("menuitem", name="Delete room").click()
    expect(link).to_have_count(0)
    screen.goto(f"/rooms/{room['id']}")
    page.get_by_role("button", name="Restore it").click()
    expect(page.get_by_role("list", name="Seats").get_by_role("listitem")).to_have_count(3)
    expect(link).to_be_visible()
