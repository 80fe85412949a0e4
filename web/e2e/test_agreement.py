"""The page and `GET timeline` agree, whatever came out of a turn."""

import pytest
from playwright.sync_api import expect

from .agreement import assert_page_is_timeline
from .conftest import Opener
from .seats import make_room
from .server import Pantheon

MANAGER = {"model": "demo/fast"}
OUTCOMES = {
    "completed": ({"One": "say: Yes.", "Two": "say: No."}, "roundtable", "completed"),
    "partial": ({"One": "say: Yes.", "Two": "lab/status-400"}, "roundtable", "partial"),
    "failed": ({"One": "lab/status-400", "Two": "lab/quota"}, "roundtable", "failed"),
    "cut off": ({"One": "lab/cut", "Two": "say: No."}, "roundtable", "partial"),
    "empty": ({"One": "lab/empty", "Two": "say: No."}, "roundtable", "partial"),
    "tagged": ({"One": "say: Yes.", "Two": "lab/status-400"}, "manual", "partial"),
    "managed": ({"One": "say: Yes.", "Two": "say: No."}, "orchestrator", "completed"),
    "managed, one fails": ({"One": "say: Yes.", "Two": "lab/quota"}, "orchestrator", "partial"),
}


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_what_was_watched_is_what_is_stored_and_what_a_fresh_page_shows(
    pantheon: Pantheon, open_page: Opener, outcome: str
) -> None:
    says, mode, status = OUTCOMES[outcome]
    given = {"manager": MANAGER} if mode == "orchestrator" else {}
    session = pantheon.session(make_room(pantheon, says, mode, **given))
    screen = open_page(f"/s/{session['id']}")
    screen.send("@all yes or no?" if mode == "manual" else "Yes or no?")
    screen.wait_for_end()
    assert [turn["status"] for turn in pantheon.timeline(session["id"])] == [status]
    assert_page_is_timeline(screen, session["id"])
    screen.page.reload()
    expect(screen.turns).to_have_count(1)
    assert_page_is_timeline(screen, session["id"])


def test_the_page_agrees_after_a_stop(pantheon: Pantheon, open_page: Opener) -> None:
    says = {"Long": "lab/paced-0-30-2000", "Next": "say: Never."}
    session = pantheon.session(make_room(pantheon, says))
    screen = open_page(f"/s/{session['id']}")
    screen.send("Talk.")
    expect(screen.words("Long")).to_contain_text("w5")
    screen.box.press("Escape")
    screen.wait_for_end()
    assert [turn["status"] for turn in pantheon.timeline(session["id"])] == ["cancelled"]
    assert_page_is_timeline(screen, session["id"])
