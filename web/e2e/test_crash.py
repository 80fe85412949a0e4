"""The first minute of a new server, and the death of one in the middle of a turn."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from .agreement import assert_page_is_timeline
from .first_minute import first_minute
from .screen import open_screen
from .seats import make_room
from .server import Pantheon, environment, running

MOST_CLICKS = 3


@pytest.fixture(scope="module")
def fresh(fakes: str) -> Iterator[Pantheon]:
    """A server that nobody has used yet, and that may be killed."""
    with running(environment(fakes)) as pantheon:
        yield pantheon


def test_a_newcomer_has_an_answer_within_three_clicks(browser: Browser, fresh: Pantheon) -> None:
    minute = first_minute(browser, fresh.link)
    assert minute.clicks <= MOST_CLICKS
    assert "Analyst" in minute.answered_by
    turns = fresh.timeline(minute.session_id)
    assert [turn["status"] for turn in turns] == ["completed"]


def test_the_page_catches_up_alone_after_the_server_was_killed_in_mid_turn(
    browser: Browser, fresh: Pantheon
) -> None:
    says = {"Before": "say: Said before.", "During": "lab/paced-50-25-120", "After": "say: Last."}
    session = fresh.session(make_room(fresh, says, name="Crash"))
    context = browser.new_context()
    screen = open_screen(context, fresh, "/login#" + fresh.run("open").partition("/login#")[2])
    screen.page.wait_for_url(lambda url: "/login" not in url)
    screen.goto(f"/s/{session['id']}")
    screen.send("Talk.")
    expect(screen.words("During")).to_contain_text("w20 ")
    fresh.kill()
    banner = screen.page.get_by_role("status").filter(has_text="Reconnecting")
    expect(banner).to_be_visible()
    expect(screen.words("Before")).to_have_text("Said before.")
    fresh.start()
    screen.wait_for_end()
    expect(banner).to_have_count(0)
    assert [turn["status"] for turn in fresh.timeline(session["id"])] == ["completed"]
    assert_page_is_timeline(screen, session["id"])
    (turn,) = fresh.timeline(session["id"])
    # What was finished is not asked again; what was cut off is, once.
    assert [step["attempts"] for step in turn["steps"]] == [1, 2, 1]
    context.close()
