"""Each mode, from the message to the last answer."""

from playwright.sync_api import expect

from .conftest import Opener
from .seats import keys, make_room
from .server import Pantheon

THREE = {name: f"say: {name} speaks." for name in ("First", "Second", "Third")}


def test_a_round_table_answers_in_order_and_each_has_read_the_earlier(
    pantheon: Pantheon, open_page: Opener
) -> None:
    session = pantheon.session(make_room(pantheon, THREE, name="Round"))
    screen = open_page(f"/s/{session['id']}")
    screen.send("What now?")
    screen.wait_for_end()
    assert screen.shown_texts() == [(name, f"{name} speaks.") for name in THREE]
    roll = screen.turn().get_by_role("list", name="Seats, in order of answering")
    expect(roll.get_by_role("listitem")).to_have_count(3)
    expect(screen.turn()).to_contain_text("3 of 3 answered")
    expect(screen.card("First")).to_contain_text("First seat")
    expect(screen.card("Third")).to_contain_text("2 answers")


def test_only_those_who_are_tagged_answer_in_the_order_of_the_tags(
    pantheon: Pantheon, open_page: Opener
) -> None:
    room = make_room(pantheon, THREE, name="Tags")
    first, _, third = keys(room)
    session = pantheon.session(room)
    screen = open_page(f"/s/{session['id']}")
    screen.send(f"@{third} and @{first}, what now?")
    screen.wait_for_end()
    assert screen.shown_texts() == [(name, f"{name} speaks.") for name in ("Third", "First")]
    assert pantheon.timeline(session["id"])[0]["mode"] == "manual"


def test_a_mention_is_chosen_from_the_list_by_the_keyboard(
    pantheon: Pantheon, open_page: Opener
) -> None:
    room = make_room(pantheon, THREE, name="List")
    screen = open_page(f"/s/{pantheon.session(room)['id']}")
    screen.box.press_sequentially("Hello @sec")
    option = screen.page.get_by_role("option")
    expect(option).to_have_count(1)
    screen.box.press("Enter")
    expect(screen.box).to_have_value(f"Hello @{keys(room)[1]} ")
    screen.box.press("Backspace")
    screen.box.press("Backspace")
    expect(screen.box).to_have_value("Hello ")
    screen.box.press("Control+z")
    expect(screen.box).to_have_value(f"Hello @{keys(room)[1]}")


def test_one_agent_answers_alone(pantheon: Pantheon, open_page: Opener) -> None:
    agent = pantheon.agent("solo", "lab/echo-all")
    screen = open_page(f"/s/{pantheon.session(agent)['id']}")
    screen.send("Only you")
    screen.answered("Only you")
    screen.wait_for_end()
    expect(screen.page.get_by_role("list", name="Seats, in order of answering")).to_have_count(0)
    screen.send("And again")
    screen.wait_for_end()
    assert [name for name, _ in screen.shown_texts()] == ["Solo", "Solo"]


def test_a_manager_shows_its_plan_and_one_answer_comes_out(
    pantheon: Pantheon, open_page: Opener
) -> None:
    says = {"Fact": "say: The facts.", "Doubt": "say: The doubts."}
    room = make_room(pantheon, says, "orchestrator", manager={"model": "demo/fast"}, name="Desk")
    session = pantheon.session(room)
    screen = open_page(f"/s/{session['id']}")
    screen.send("Decide whether to ship.")
    screen.wait_for_end()
    plan = screen.turn().get_by_role("list", name="Plan: decisions, briefs and what comes next")
    expect(plan).to_contain_text("Round 1")
    expect(plan).to_contain_text("Each view is wanted once.")
    expect(plan).to_contain_text("From your own view")
    texts = dict(screen.shown_texts())
    assert (texts["Fact"], texts["Doubt"]) == ("The facts.", "The doubts.")
    expect(screen.card("Manager")).to_contain_text("Synthesis")
    assert "Decide whether to ship." in texts["Manager"]


def test_a_plan_waits_for_the_users_word_and_can_be_changed(
    pantheon: Pantheon, open_page: Opener
) -> None:
    says = {"Fact": "say: The facts.", "Doubt": "say: The doubts."}
    manager = {"model": "demo/fast"}
    room = make_room(pantheon, says, "orchestrator", manager=manager, approve="plan", name="Asked")
    session = pantheon.session(room)
    screen = open_page(f"/s/{session['id']}")
    screen.send("Decide whether to ship.")
    proposal = screen.page.get_by_role("region", name="The manager proposes")
    expect(proposal).to_be_visible()
    proposal.get_by_role("textbox", name="Brief for Fact").fill("Count the tests.")
    proposal.get_by_role("button", name="Do not ask Doubt").click()
    proposal.get_by_role("button", name="Approve").click()
    expect(screen.words("Fact")).to_contain_text("The facts.")
    screen.wait_for_end()
    assert "Doubt" not in dict(screen.shown_texts())
    expect(screen.turn()).to_contain_text("Count the tests.")
    expect(screen.turn()).to_contain_text("You approved the plan with changes")


def test_a_round_table_can_be_told_something_between_two_agents_and_stopped(
    pantheon: Pantheon, open_page: Opener
) -> None:
    says = {"First": "say: First speaks.", "Second": "lab/echo-all", "Third": "say: Never."}
    room = make_room(pantheon, says, approve="each_agent", name="Slow")
    screen = open_page(f"/s/{pantheon.session(room)['id']}")
    screen.send("Begin.")
    page = screen.page
    ask = page.get_by_role("region", name="Next: Second")
    ask.get_by_role("textbox", name="Say something first").fill("Mind the cost.")
    ask.get_by_role("button", name="Continue").click()
    expect(screen.words("Second")).to_contain_text("Mind the cost.")
    page.get_by_role("region", name="Next: Third").get_by_role("button", name="Stop here").click()
    screen.wait_for_end()
    expect(screen.turn().locator(".you-between")).to_contain_text("Mind the cost.")
    assert [text for _, text in screen.shown_texts()][2:] == [""]
    expect(screen.card("Third")).to_contain_text("Skipped")
