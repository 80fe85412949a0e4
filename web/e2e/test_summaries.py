"""What stands for older turns: read, written in other words, and brought back."""

import re

from playwright.sync_api import expect

from .conftest import Opener
from .seats import make_room
from .server import Pantheon

WORDS = "We talk about the plan and what has to be done for it, at some length, in plain words. "
READ = re.compile("^Summary of turns .*: read$")
SHORT, LONG = 30, 140
"""How often the words are said: four short turns fit the window of 8,192 tokens, a long one after
them does not."""


def test_a_summary_is_edited_and_the_version_before_brought_back(
    pantheon: Pantheon, open_page: Opener
) -> None:
    session = pantheon.session(make_room(pantheon, {"Clerk": "lab/minutes"}))
    turns = f"/sessions/{session['id']}/turns"
    for times in (SHORT, SHORT, SHORT, SHORT, LONG):
        pantheon.post(turns, {"input": f"It costs {times * 37} EUR. {WORDS * times}"}, wait=30)
    screen = open_page(f"/s/{session['id']}")
    page = screen.page
    read = page.get_by_role("button", name=READ)
    dialog = page.get_by_role("dialog")
    read.click()
    expect(dialog).to_contain_text("They talk on.")
    dialog.get_by_role("button", name="Edit").click()
    dialog.get_by_role("textbox", name="Text of the summary").fill("They talk of prices.")
    dialog.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_text("The summary is changed.")).to_be_visible()
    expect(dialog).to_have_count(0)
    read.click()
    expect(dialog).to_contain_text("They talk of prices.")
    expect(dialog).to_contain_text("Written by you")
    # What it said before stands beside it, struck.
    dialog.get_by_label("Compare with").select_option(index=1)
    expect(dialog.locator("del").first).to_be_visible()
    page.keyboard.press("Escape")
    screen.send("And now?")
    screen.wait_for_end()
    assert "They talk of prices." in _sent(pantheon, session["id"])
    read.click()
    dialog.get_by_role("button", name="Undo the summary").click()
    expect(page.get_by_text("The summary is undone")).to_be_visible()
    read.click()
    expect(dialog).to_contain_text("They talk on.")
    page.keyboard.press("Escape")
    screen.send("And again?")
    screen.wait_for_end()
    sent = _sent(pantheon, session["id"])
    assert "They talk on." in sent
    assert "They talk of prices." not in sent


def _sent(pantheon: Pantheon, session_id: str) -> str:
    """The body of the request that the last answer came from."""
    step = pantheon.timeline(session_id)[-1]["steps"][-1]
    return str(pantheon.get(f"/steps/{step['id']}/request"))
