"""What can be done with a session that is there: find it, fork it, ask anew, take it along."""

import json
import re
from pathlib import Path

from playwright.sync_api import expect

from .conftest import Opener
from .screen import PHONE
from .seats import make_room
from .server import Pantheon

ON_TOP = re.compile("After.*kept on top", re.DOTALL)
TWO = {"First": "say: The ledger decides.", "Second": "lab/echo-all"}


def test_what_was_said_is_found_from_the_palette_and_shown(
    pantheon: Pantheon, open_page: Opener
) -> None:
    room = make_room(pantheon, {"Finder": "say: It was the **quokka** in the archive."})
    session = pantheon.session(room, "Animals")
    for text in ("Who was it?", "Nothing else", "And nothing more"):
        pantheon.post(f"/sessions/{session['id']}/turns", {"input": text}, wait=30)
    screen = open_page("/welcome")
    page = screen.page
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("quokka")
    found = page.get_by_role("option").filter(has_text="quokka")
    expect(found).to_have_count(3)
    expect(found.last).to_contain_text("Finder, Animals")
    found.last.click()
    expect(page).to_have_url(re.compile(f"/s/{session['id']}"))
    # The oldest of three turns: it is what is looked at.
    expect(screen.words("Finder", 0)).to_be_in_viewport()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_session_is_exported_as_the_server_has_it(pantheon: Pantheon, open_page: Opener) -> None:
    session = pantheon.session(make_room(pantheon, TWO), "For the file")
    pantheon.post(f"/sessions/{session['id']}/turns", {"input": "What decides?"}, wait=30)
    screen = open_page(f"/s/{session['id']}")
    expect(screen.turns).to_have_count(1)
    texts = {}
    for item, ending in (("Export as Markdown", "md"), ("Export as JSON", "json")):
        screen.button("Session menu").click()
        with screen.page.expect_download() as download:
            screen.page.get_by_role("menuitem", name=item).click()
        assert download.value.suggested_filename == f"session-{session['id']}.{ending}"
        texts[ending] = Path(download.value.path()).read_text("utf-8")
    assert texts["md"].startswith("# For the file\n")
    assert "What decides?" in texts["md"]
    assert "The ledger decides." in texts["md"]
    assert json.loads(texts["json"])["turns"] == pantheon.timeline(session["id"])


def test_a_fork_goes_on_by_itself(pantheon: Pantheon, open_page: Opener) -> None:
    session = pantheon.session(make_room(pantheon, TWO), "The trunk")
    for text in ("What decides?", "Said later"):
        pantheon.post(f"/sessions/{session['id']}/turns", {"input": text}, wait=30)
    screen = open_page(f"/s/{session['id']}")
    expect(screen.turns).to_have_count(2)
    card = screen.card("First", 0)
    card.hover()
    card.get_by_role("button", name="Go on from here in a new session").click()
    expect(screen.page).not_to_have_url(re.compile(session["id"]))
    expect(screen.turns).to_have_count(1)
    expect(screen.words("First")).to_have_text("The ledger decides.")
    screen.send("Another way")
    screen.wait_for_end()
    # It has read what the two share, and nothing of what came later in the other.
    expect(screen.words("Second")).to_contain_text("What decides?")
    expect(screen.words("Second")).not_to_contain_text("Said later")
    fork = screen.page.url.rpartition("/")[2]
    first, second = pantheon.timeline(fork)
    assert (first["usage"]["calls"], second["usage"]["calls"]) == (0, 2)
    assert [turn["input"] for turn in pantheon.timeline(session["id"])] == [
        "What decides?", "Said later",
    ]  # fmt: skip


def test_a_question_asked_in_other_words_keeps_the_old_answers(
    pantheon: Pantheon, open_page: Opener
) -> None:
    room = make_room(pantheon, {"Echo": "lab/echo"})
    session = pantheon.session(room)
    pantheon.post(f"/sessions/{session['id']}/turns", {"input": "In March?"}, wait=30)
    screen = open_page(f"/s/{session['id']}")
    expect(screen.words("Echo")).to_contain_text("In March?")
    screen.turn().hover()
    screen.button("Edit and ask again").click()
    box = screen.page.get_by_role("textbox", name="Edit and ask again")
    expect(box).to_be_focused()
    box.fill("In April?")
    box.press("Enter")
    expect(screen.words("Echo")).to_contain_text("In April?")
    screen.wait_for_end()
    expect(screen.turns).to_have_count(1)
    tries = screen.card("Echo").get_by_role("group", name="Tries")
    expect(tries).to_contain_text("Try 2 of 2")
    tries.get_by_role("button", name="Try before").click()
    expect(screen.words("Echo")).to_contain_text("In March?")
    expect(screen.turn().locator(".you")).to_contain_text("In March?")
    assert [turn["input"] for turn in pantheon.timeline(session["id"])] == ["In March?"]
    everything = pantheon.get(f"/sessions/{session['id']}/timeline?all=true")["items"]
    assert [turn["input"] for turn in everything] == ["In April?", "In March?"]


def test_answers_stand_side_by_side_and_as_tabs_on_a_phone(
    pantheon: Pantheon, open_page: Opener
) -> None:
    says = {name: f"say: {name} speaks." for name in ("Left", "Middle", "Right")}
    session = pantheon.session(make_room(pantheon, says))
    pantheon.post(f"/sessions/{session['id']}/turns", {"input": "Well?"}, wait=30)
    screen = open_page(f"/s/{session['id']}")
    screen.page.get_by_role("radio", name="Columns").click()
    expect(screen.page.get_by_role("group", name="Answers side by side")).to_be_visible()
    boxes = [screen.card(name).bounding_box() for name in says]
    assert all(box is not None and box["width"] >= 280 for box in boxes)
    assert len({box["y"] for box in boxes if box}) == 1
    lefts = [box["x"] for box in boxes if box]
    assert lefts == sorted(lefts)
    # How answers are shown is kept, in this browser.
    screen.page.reload()
    expect(screen.page.get_by_role("group", name="Answers side by side")).to_be_visible()
    screen.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    tabs = screen.page.get_by_role("tab")
    expect(tabs).to_have_count(3)
    tabs.first.click()
    expect(screen.words("Left")).to_have_text("Left speaks.")
    expect(screen.card("Right")).to_have_count(0)
    tabs.first.press("ArrowRight")
    expect(screen.words("Middle")).to_have_text("Middle speaks.")


def test_a_session_is_renamed_kept_on_top_and_deleted(
    pantheon: Pantheon, open_page: Opener
) -> None:
    room = make_room(pantheon, {"Only": "say: Yes."})
    session = pantheon.session(room, "Before")
    pantheon.post(f"/sessions/{session['id']}/turns", {"input": "Well?"}, wait=30)
    screen = open_page(f"/s/{session['id']}")
    page = screen.page
    expect(screen.words("Only")).to_have_text("Yes.")
    screen.button("Session menu").click()
    page.get_by_role("menuitem", name="Rename").click()
    page.get_by_role("textbox", name="Name of the session").fill("After")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="After")).to_be_visible()
    screen.button("Session menu").click()
    page.get_by_role("menuitem", name="Keep on top", exact=True).click()
    expect(page.get_by_role("link", name=ON_TOP)).to_be_visible()
    stored = pantheon.get(f"/sessions/{session['id']}")
    assert (stored["name"], stored["pinned"]) == ("After", True)
    screen.button("Session menu").click()
    page.get_by_role("menuitem", name="Delete session").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete session").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("link", name=ON_TOP)).to_have_count(0)
    screen.goto(f"/s/{session['id']}")
    expect(page.get_by_role("main")).to_contain_text("not there any more")


def test_what_was_said_is_pinned_and_taken_back_and_both_can_be_undone(
    pantheon: Pantheon, open_page: Opener
) -> None:
    room = make_room(pantheon, {"Only": "say: The ledger decides."})
    session = pantheon.session(room)
    pantheon.post(f"/sessions/{session['id']}/turns", {"input": "What decides?"}, wait=30)
    timeline = f"/sessions/{session['id']}/timeline"
    screen = open_page(f"/s/{session['id']}")
    page = screen.page
    answer = pantheon.get(timeline)["items"][0]["steps"][0]["message"]["id"]
    screen.card("Only").hover()
    screen.card("Only").get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Pin: every agent is told it from now on").click()
    expect(screen.card("Only")).to_contain_text("Pinned")
    assert pantheon.get(timeline)["pinned"] == [answer]
    screen.card("Only").hover()
    screen.card("Only").get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Take back").click()
    expect(screen.card("Only")).not_to_contain_text("The ledger decides.")
    taken = pantheon.get(timeline)
    assert (taken["pinned"], taken["items"][0]["steps"][0]["message"]["content"]) == ([], "")
    expect(page.get_by_text("Taken back: its text is deleted")).to_be_visible()
    # The pin's own toast may still stand above it.
    page.get_by_role("button", name="Undo").last.click()
    expect(screen.words("Only")).to_have_text("The ledger decides.")
    expect(screen.card("Only")).to_contain_text("Pinned")
    assert pantheon.get(timeline)["pinned"] == [answer]
