"""The keyboard alone: from the first Tab to an answer, its facts, and back."""

from playwright.sync_api import Page, expect

from .conftest import Opener
from .seats import make_room
from .server import Pantheon


def test_a_session_is_opened_asked_read_and_left_without_a_mouse(
    pantheon: Pantheon, open_page: Opener
) -> None:
    says = {"One": "say: One speaks.", "Two": "say: Two speaks."}
    room = make_room(pantheon, says, name="Keyboard table")
    screen = open_page("/welcome")
    page = screen.page
    keyboard = page.keyboard
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    # The first stop leads past the navigation.
    keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the conversation")).to_be_focused()
    # The palette opens a session in a room; it takes the first letter, however fast that comes.
    keyboard.press("Control+k")
    keyboard.type("New session in Keyboard")
    expect(page.get_by_role("option").first).to_contain_text("New session in Keyboard table")
    keyboard.press("Enter")
    expect(screen.box).to_be_focused()
    # A mention from the list; the message; Enter.
    keyboard.type("@tw")
    expect(page.get_by_role("option")).to_have_count(1)
    keyboard.press("Tab")
    keyboard.type("go on")
    keyboard.press("Enter")
    screen.answered("Two speaks.")
    screen.wait_for_end()
    keyboard.type("Both of you")
    keyboard.press("Enter")
    expect(screen.turns).to_have_count(2)
    screen.wait_for_end()
    # From card to card, and what was sent to one of them.
    screen.turn().get_by_role("article").first.focus()
    keyboard.press("j")
    expect(screen.card("Two")).to_be_focused()
    keyboard.press("k")
    expect(screen.card("One")).to_be_focused()
    keyboard.press("s")
    drawer = page.get_by_role("complementary", name="What was sent to One")
    expect(drawer).to_contain_text("Role prompt")
    keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    # The focus is where it was, and the box one key away.
    expect(screen.card("One")).to_be_focused()
    keyboard.press("Shift+Escape")
    expect(screen.box).to_be_focused()
    # In an empty box ↑ edits the last message; Escape leaves it as it was.
    keyboard.press("ArrowUp")
    edit = page.get_by_role("textbox", name="Edit and ask again")
    expect(edit).to_be_focused()
    keyboard.press("Escape")
    expect(edit).to_have_count(0)
    keyboard.press("Control+Shift+o")
    expect(screen.turns).to_have_count(0)
    expect(screen.box).to_be_focused()
    assert len(pantheon.get(f"/rooms/{room['id']}/sessions")["items"]) == 2


def test_every_stop_of_the_tab_key_has_a_name_and_is_seen(
    pantheon: Pantheon, open_page: Opener
) -> None:
    session = pantheon.session(make_room(pantheon, {"One": "say: One speaks."}))
    pantheon.post(f"/sessions/{session['id']}/turns", {"input": "Well?"}, wait=30)
    screen = open_page(f"/s/{session['id']}")
    expect(screen.words("One")).to_have_text("One speaks.")
    screen.page.get_by_role("link", name="Skip to the conversation").focus()
    stops = _walk(screen.page)
    assert {"New session", "Session menu", "Message", "Edit room"} <= set(stops)
    assert [stop for stop in stops if not stop] == []


def _walk(page: Page) -> list[str]:
    """Press Tab until the round is over; return what had the focus, and see that it was shown."""
    stops: list[str] = []
    for _ in range(800):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            return stops
        seen = page.evaluate(
            """() => {
              const at = document.activeElement;
              const box = at.getBoundingClientRect();
              const ring = getComputedStyle(at);
              return {
                name: at.getAttribute("aria-label") || at.innerText || at.title ||
                  (at.labels && [...at.labels].map((label) => label.innerText).join(" ")) ||
                  document.getElementById(at.getAttribute("aria-labelledby"))?.innerText || "",
                visible: box.width > 0 && box.height > 0 && Number(ring.opacity) > 0,
                html: at.outerHTML.slice(0, 200),
              };
            }"""
        )
        assert seen["visible"], seen["html"]
        stops.append(seen["name"].strip().partition("\n")[0])
    raise AssertionError(f"Tab goes round and round: {stops}")


def test_the_list_of_keys_and_the_switch_that_turns_them_off(open_page: Opener) -> None:
    screen = open_page("/settings/page")
    page = screen.page
    switch = page.get_by_role("switch", name="Keyboard shortcuts")
    expect(switch).to_be_checked()
    page.keyboard.press("Control+/")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    switch.click()
    page.keyboard.press("Control+k")
    page.keyboard.press("Control+/")
    expect(page.get_by_role("dialog")).to_have_count(0)
    switch.click()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Search and go to")).to_be_visible()
