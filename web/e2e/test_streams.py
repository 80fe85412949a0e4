"""What is on the screen while answers stream: once, in its own session, the same for everybody."""

import re

from playwright.sync_api import APIResponse, Route, expect

from .agreement import assert_page_is_timeline
from .conftest import Opener
from .seats import make_room
from .server import Pantheon


def test_a_reload_in_mid_stream_shows_the_same_text_once(
    pantheon: Pantheon, open_page: Opener
) -> None:
    # Longer than any machine needs for a reload: the turn is stopped, not awaited.
    session = pantheon.session(make_room(pantheon, {"Slow": "lab/paced-50-25-2000"}, name="Reload"))
    screen = open_page(f"/s/{session['id']}")
    screen.send("Talk.")
    expect(screen.words("Slow")).to_contain_text("w20 ")
    before = screen.words("Slow").inner_text()
    screen.page.reload()
    expect(screen.words("Slow")).to_contain_text(before)
    expect(screen.turn()).to_have_class(re.compile("turn-live"))
    after = screen.words("Slow").inner_text().split()
    assert after == [f"w{number}" for number in range(len(after))]
    expect(screen.words("Slow")).to_contain_text(f"w{len(after) + 20} ")
    screen.button("Stop turn").click()
    screen.wait_for_end()
    whole = screen.words("Slow").inner_text().split()
    assert whole == [f"w{number}" for number in range(len(whole))]
    assert len(whole) > len(after)
    assert_page_is_timeline(screen, session["id"])


def test_a_reply_that_comes_after_its_events_takes_nothing_back(
    pantheon: Pantheon, open_page: Opener
) -> None:
    says = {"Said": "say: Said.", "Slow": "lab/paced-50-25-2000"}
    screen = open_page(f"/s/{pantheon.session(make_room(pantheon, says, name='Late'))['id']}")
    replies: list[tuple[Route, APIResponse]] = []
    screen.page.route("**/turns", lambda route: replies.append((route, route.fetch())))
    screen.write("Talk.")
    screen.box.press("Enter")
    expect(screen.words("Slow")).to_contain_text("w20 ")
    route, reply = replies[0]
    route.fulfill(response=reply)
    expect(screen.words("Slow")).to_contain_text("w80 ")
    expect(screen.words("Said")).to_have_text("Said.")
    screen.button("Stop turn").click()
    screen.wait_for_end()


def test_two_sessions_side_by_side_never_mix(pantheon: Pantheon, open_page: Opener) -> None:
    told = "\n".join(f"on {word} => say: This is about {word}." for word in ("apple", "plum"))
    room = make_room(pantheon, {"Slow": "as: paced-0-20-80", "Said": told}, name="Two")
    sessions = [pantheon.session(room, name) for name in ("Left hand", "Right hand")]
    screens = [open_page(f"/s/{session['id']}") for session in sessions]
    for screen, word in zip(screens, ("apple", "plum"), strict=True):
        screen.send(f"Only {word}")
    # And one browser that goes to and fro between the two while both run.
    third = open_page(f"/s/{sessions[0]['id']}")
    for name in ("Right hand", "Left hand") * 2:
        third.page.get_by_role("link", name=name).click()
        expect(third.page.get_by_role("heading", level=1)).to_contain_text(name)
        word, other = ("apple", "plum") if name == "Left hand" else ("plum", "apple")
        expect(third.turn()).to_contain_text(f"Only {word}")
        expect(third.turn()).not_to_contain_text(other)
    for screen, word, other in zip(screens, ("apple", "plum"), ("plum", "apple"), strict=True):
        screen.wait_for_end()
        expect(screen.words("Said")).to_have_text(f"This is about {word}.")
        expect(screen.turn()).not_to_contain_text(other)
    for screen, session in zip(screens, sessions, strict=True):
        assert_page_is_timeline(screen, session["id"])


def test_two_browsers_agree_on_one_session(pantheon: Pantheon, open_page: Opener) -> None:
    room = make_room(pantheon, {"Slow": "as: paced-50-25-200", "After": "say: Me."}, name="Both")
    session = pantheon.session(room)
    one, other = (open_page(f"/s/{session['id']}") for _ in range(2))
    one.send("From the first")
    expect(other.turn()).to_contain_text("From the first")
    expect(other.words("Slow")).to_contain_text("w5 ")
    # While a turn runs a second one waits.
    expect(other.button("Send after this turn")).to_be_visible()
    for screen in (one, other):
        screen.wait_for_end()
    assert one.shown_texts() == other.shown_texts()
    other.send("From the second")
    expect(one.turns).to_have_count(2)
    one.wait_for_end()
    other.wait_for_end()
    assert one.shown_texts() == other.shown_texts()
    assert_page_is_timeline(one, session["id"])


def test_an_offline_device_says_so_and_catches_up_alone(
    pantheon: Pantheon, open_page: Opener
) -> None:
    room = make_room(pantheon, {"Slow": "as: paced-50-25-200"}, name="Offline", mode="roundtable")
    session = pantheon.session(room)
    screen = open_page(f"/s/{session['id']}")
    screen.send("Talk.")
    expect(screen.words("Slow")).to_contain_text("w5 ")
    screen.page.context.set_offline(True)
    banner = screen.page.get_by_role("status").filter(has_text="This device is offline")
    expect(banner).to_be_visible()
    screen.page.context.set_offline(False)
    screen.wait_for_end()
    expect(banner).to_have_count(0)
    assert_page_is_timeline(screen, session["id"])
