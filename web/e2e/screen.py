"""What a person does on the page, and what they can read there."""

import re
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, expect

from .server import Pantheon

WIDE = (1440, 900)
PHONE = (390, 844)
NARROW = (320, 720)

# Chromium reports each answer past 399 as an error of the console; the page shows what it was.
FAILED_LOAD = re.compile(r"^Failed to load resource")
LISTEN = """
  window.violations = [];
  document.addEventListener("securitypolicyviolation", (event) =>
    window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""

expect.set_options(timeout=20_000)


class Screen:
    """A browser's page that is open at the product."""

    def __init__(self, page: Page, pantheon: Pantheon) -> None:
        """Listen to what goes wrong in it."""
        self.page = page
        self.pantheon = pantheon
        self._wrong: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self._wrong.append(f"exception: {error}"))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not FAILED_LOAD.match(message.text):
            self._wrong.append(f"{message.type}: {message.text}")

    def wrong(self) -> list[str]:
        """Return exceptions, complaints of the console and violations of the content policy."""
        violations: list[str] = self.page.evaluate("window.violations ?? []")
        return [*self._wrong, *violations]

    def goto(self, path: str) -> None:
        """Go to a path of the page."""
        self.page.goto(self.pantheon.url + path)

    @property
    def box(self) -> Locator:
        """Where the message is written."""
        return self.page.get_by_role("textbox", name="Message", exact=True)

    def write(self, text: str) -> None:
        """Put a text into the box."""
        self.box.fill(text)

    def send(self, text: str) -> None:
        """Write a message and send it, by the Enter key."""
        self.write(text)
        self.box.press("Enter")
        expect(self.box).to_have_value("")

    def choose_mode(self, name: str) -> None:
        """Choose who answers: the mode's name as it is shown."""
        self.page.get_by_role("radio", name=name).click()

    @property
    def turns(self) -> Locator:
        """The turns that are shown, oldest first."""
        return self.page.locator("section.turn")

    def turn(self, index: int = -1) -> Locator:
        """A turn: the last one by default."""
        return self.turns.nth(index) if index >= 0 else self.turns.last

    def card(self, name: str, turn: int = -1) -> Locator:
        """An agent's card in a turn."""
        return self.turn(turn).get_by_role("article", name=name, exact=True)

    def words(self, name: str, turn: int = -1) -> Locator:
        """What an agent's card says, without its head and foot."""
        return self.card(name, turn).locator(".prose")

    def wait_for_end(self) -> None:
        """Wait until nothing runs: the button that stops is gone and the last turn is over."""
        expect(self.turns.last).to_be_visible()
        expect(self.page.locator("section.turn-live")).to_have_count(0)

    def answered(self, *words: str) -> None:
        """Wait until the last turn's cards have said these words."""
        for text in words:
            expect(self.turn()).to_contain_text(text)

    def button(self, name: str, **given: Any) -> Locator:
        """A button by its name."""
        return self.page.get_by_role("button", name=name, **given)

    def shown_texts(self) -> list[tuple[str, str]]:
        """Return (agent, text) of all cards, in the order in which they stand."""
        return [
            (name, text)
            for name, text in self.page.evaluate(
                """() => [...document.querySelectorAll("section.turn article")].map((card) =>
                  [card.getAttribute("aria-label"),
                   card.querySelector(".prose")?.textContent.trim() ?? ""])"""
            )
        ]


def open_screen(context: BrowserContext, pantheon: Pantheon, path: str) -> Screen:
    """Open a page of this browser at a path."""
    context.add_init_script(LISTEN)
    screen = Screen(context.new_page(), pantheon)
    screen.goto(path)
    return screen
