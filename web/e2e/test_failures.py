"""What fails, what is stopped, and what can be done about it."""

from playwright.sync_api import expect

from tests.fakes.process import open_gate

from .conftest import Opener
from .seats import make_room
from .server import Pantheon

EDGE = 1
"""The gate of the fake models that a test opens itself."""


def test_a_failed_seat_leaves_the_turn_partial_and_a_retry_makes_it_whole(
    pantheon: Pantheon, open_page: Opener
) -> None:
    says = {
        "Calm": "say: All is well.",
        "Shaky": "lab/flaky-3-partial",
        "Last": "lab/echo-all",
    }
    session = pantheon.session(make_room(pantheon, says, name="Partial"))
    screen = open_page(f"/s/{session['id']}")
    screen.send("Can we ship?")
    screen.wait_for_end()
    turn = screen.turn()
    expect(turn).to_contain_text("Partial, 2 of 3. Shaky is missing.")
    expect(turn).to_contain_text("1 failed")
    expect(screen.card("Shaky")).to_contain_text("Failed")
    expect(screen.card("Shaky")).to_contain_text("3 attempts")
    expect(screen.card("Last")).to_contain_text("1 error")
    turn.get_by_role("button", name="Retry Shaky").click()
    expect(screen.turn()).to_contain_text("3 of 3 answered")
    screen.wait_for_end()
    expect(screen.words("Shaky")).to_contain_text("w0 w1")
    # The answers that were there are kept, and the one that read the failure is marked.
    expect(screen.card("Calm")).to_contain_text("Taken over from the first try")
    expect(screen.card("Last")).to_contain_text("Based on an older answer")
    assert [turn["status"] for turn in pantheon.timeline(session["id"])] == ["completed"]


def test_another_model_can_answer_for_one_that_fails(pantheon: Pantheon, open_page: Opener) -> None:
    room = make_room(pantheon, {"Calm": "say: Fine.", "Broken": "lab/status-400"}, name="Broken")
    screen = open_page(f"/s/{pantheon.session(room)['id']}")
    screen.send("Can we ship?")
    screen.wait_for_end()
    screen.card("Broken").get_by_role("button", name="Use another model").click()
    screen.page.get_by_role("menuitem", name="demo/fast").click()
    expect(screen.words("Broken")).to_contain_text("the demo's answer without a pause")
    screen.wait_for_end()
    expect(screen.turn()).to_contain_text("2 of 2 answered")


def test_a_turn_that_nobody_answers_says_so_and_what_was_wrong(
    pantheon: Pantheon, open_page: Opener
) -> None:
    room = make_room(pantheon, {"Broken": "lab/status-400", "Worse": "lab/too-long"}, name="Worst")
    screen = open_page(f"/s/{pantheon.session(room)['id']}")
    screen.send("Anybody?")
    screen.wait_for_end()
    expect(screen.turn()).to_contain_text("Nobody answered.")
    expect(screen.card("Worse")).to_contain_text("not charged")
    screen.card("Worse").get_by_text("Details").click()
    expect(screen.card("Worse").locator("pre")).to_contain_text('"code"')


def test_stop_ends_the_turn_at_once_and_keeps_what_was_written(
    pantheon: Pantheon, open_page: Opener
) -> None:
    room = make_room(pantheon, {"Long": "lab/paced-0-30-2000", "Next": "lab/ok"}, name="Stopped")
    session = pantheon.session(room)
    screen = open_page(f"/s/{session['id']}")
    screen.send("Talk.")
    expect(screen.words("Long")).to_contain_text("w9")
    screen.button("Stop turn").click()
    screen.wait_for_end()
    expect(screen.turn()).to_contain_text("Stopped before Long and Next answered.")
    expect(screen.card("Long")).to_contain_text("Stopped")
    kept = pantheon.timeline(session["id"])[0]["steps"][0]["message"]["content"]
    assert kept.startswith("w0 w1")
    expect(screen.words("Long")).to_have_text(kept.strip())


def test_stop_after_this_agent_lets_it_finish(
    pantheon: Pantheon, open_page: Opener, fakes: str
) -> None:
    says = {"Now": f"lab/gated-20-{EDGE}", "Never": "say: Never."}
    screen = open_page(f"/s/{pantheon.session(make_room(pantheon, says, name='Edge'))['id']}")
    screen.send("Talk.")
    expect(screen.words("Now")).to_contain_text("w4")
    screen.button("How to stop").click()
    with screen.page.expect_response("**/cancel") as cancelled:
        screen.page.get_by_role("menuitem", name="Stop after this agent").click()
    assert cancelled.value.ok
    # Not before the server knows that it is to stop.
    open_gate(fakes, EDGE)
    screen.wait_for_end()
    expect(screen.words("Now")).to_contain_text("w19")
    expect(screen.turn()).to_contain_text("Stopped before Never answered.")
