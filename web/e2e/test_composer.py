"""The box: what it sends, what it never sends, and what it keeps."""

import json

from playwright.sync_api import CDPSession, Route, expect

from .conftest import Opener
from .seats import keys, make_room
from .server import Pantheon


def test_enter_never_sends_while_an_input_method_composes(
    pantheon: Pantheon, open_page: Opener
) -> None:
    room = make_room(pantheon, {"Ear": "say: I hear."}, name="Words")
    session = pantheon.session(room)
    screen = open_page(f"/s/{session['id']}")
    screen.box.click()
    ime: CDPSession = screen.page.context.new_cdp_session(screen.page)
    for text in ("に", "にほ", "にほん"):
        ime.send("Input.imeSetComposition", {"text": text, "selectionStart": 3, "selectionEnd": 3})
    expect(screen.box).to_have_value("にほん")
    enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
    ime.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **enter})
    # Some browsers end the composition first and mark the key by its code alone.
    process = {"key": "Process", "code": "Enter", "windowsVirtualKeyCode": 229}
    ime.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **process})
    ime.send("Input.insertText", {"text": "日本"})
    expect(screen.box).to_have_value("日本")
    assert pantheon.timeline(session["id"]) == []
    screen.box.press("Enter")
    expect(screen.words("Ear")).to_contain_text("I hear.")
    assert [turn["input"] for turn in pantheon.timeline(session["id"])] == ["日本"]


def test_a_refused_message_stays_in_the_box_and_the_valid_keys_are_named(
    pantheon: Pantheon, open_page: Opener
) -> None:
    room = make_room(pantheon, {"Ear": "say: I hear."}, "manual", name="Refused")
    session = pantheon.session(room)
    screen = open_page(f"/s/{session['id']}")
    screen.write("Hello @nobody, are you there?")
    screen.box.press("Enter")
    expect(screen.page.get_by_role("alert")).to_contain_text(keys(room)[0])
    expect(screen.box).to_have_value("Hello @nobody, are you there?")
    screen.page.reload()
    expect(screen.box).to_have_value("Hello @nobody, are you there?")
    assert pantheon.timeline(session["id"]) == []


def test_a_message_without_credit_stays_in_the_box(pantheon: Pantheon, open_page: Opener) -> None:
    room = make_room(pantheon, {"Ear": "say: I hear."}, name="Credit")
    screen = open_page(f"/s/{pantheon.session(room)['id']}")
    detail = "This needs 0.5 credits; 0.1 are free."
    problem = {"type": "about:blank", "title": "Not enough credit", "status": 402}
    problem |= {"code": "insufficient_credits", "detail": detail}

    def refuse(route: Route) -> None:
        route.fulfill(status=402, content_type="application/problem+json", body=json.dumps(problem))

    screen.page.route("**/turns", refuse)
    screen.write("A dear question")
    screen.box.press("Enter")
    expect(screen.page.get_by_role("alert")).to_contain_text(detail)
    expect(screen.box).to_have_value("A dear question")
    screen.page.unroute("**/turns")
    screen.box.press("Enter")
    expect(screen.words("Ear")).to_contain_text("I hear.")
    expect(screen.box).to_have_value("")


def test_a_message_whose_reply_was_lost_is_sent_again_and_asked_once(
    pantheon: Pantheon, open_page: Opener
) -> None:
    room = make_room(pantheon, {"Ear": "say: I hear."}, name="Lost reply")
    session = pantheon.session(room)
    screen = open_page(f"/s/{session['id']}")

    def lose(route: Route) -> None:
        # The server takes the message; its answer never arrives.
        route.fetch()
        route.abort("connectionreset")

    screen.page.route("**/turns", lose)
    screen.write("Only once, please")
    screen.box.press("Enter")
    expect(screen.page.get_by_role("alert")).to_contain_text("cannot be reached")
    expect(screen.box).to_have_value("Only once, please")
    screen.page.unroute("**/turns")
    screen.wait_for_end()
    screen.box.press("Enter")
    expect(screen.box).to_have_value("")
    assert [turn["input"] for turn in pantheon.timeline(session["id"])] == ["Only once, please"]
    expect(screen.turns).to_have_count(1)


def test_drafts_belong_to_their_session(pantheon: Pantheon, open_page: Opener) -> None:
    room = make_room(pantheon, {"Ear": "say: I hear."}, name="Drafts")
    one, other = (pantheon.session(room, name) for name in ("One draft", "Another draft"))
    screen = open_page(f"/s/{one['id']}")
    screen.write("For the first")
    screen.page.get_by_role("link", name="Another draft").click()
    expect(screen.box).to_have_value("")
    screen.write("For the second")
    screen.page.get_by_role("link", name="One draft").click()
    expect(screen.box).to_have_value("For the first")
    screen.goto(f"/s/{other['id']}")
    expect(screen.box).to_have_value("For the second")
