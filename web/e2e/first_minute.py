"""Timing a person's first minute: `pantheon up` on an empty machine, to the first answer.

    python -m web.e2e.first_minute

starts `pantheon up` in an empty data directory, opens its link as the browser would, and does what
somebody does who has read nothing: takes the first door, writes, presses Enter. It prints seconds
and clicks. A local model is used where one is installed, the demo else.
"""

import argparse
import os
import time
from dataclasses import dataclass

from playwright.sync_api import Browser, Page, expect, sync_playwright

from .browser import launch
from .server import running

QUESTION = "Should we ship on Friday?"


@dataclass(frozen=True)
class Minute:
    """What a first minute took; seconds are counted from the opening of the link."""

    clicks: int
    page_seconds: float
    first_words_seconds: float
    turn_seconds: float
    answered_by: list[str]
    session_id: str


def first_minute(browser: Browser, link: str) -> Minute:
    """Sign in by `link` and get an answer with as few clicks as the page allows."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    clicks = 0
    began = time.monotonic()
    page.goto(link)
    box = page.get_by_role("textbox", name="Message", exact=True)
    door = page.get_by_role("main").get_by_role("button", name="Open").first
    expect(box.or_(door)).to_be_visible(timeout=60_000)
    page_seconds = time.monotonic() - began
    if door.is_visible():
        door.click()
        clicks += 1
    # The box has the focus: nobody has to click into it.
    expect(box).to_be_focused(timeout=60_000)
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    words = page.locator("section.turn article .prose").first
    expect(words).not_to_be_empty(timeout=240_000)
    first_words_seconds = time.monotonic() - began
    expect(page.locator("section.turn-live")).to_have_count(0, timeout=240_000)
    minute = Minute(
        clicks,
        page_seconds,
        first_words_seconds,
        time.monotonic() - began,
        _names(page),
        page.url.rpartition("/")[2],
    )
    context.close()
    return minute


def _names(page: Page) -> list[str]:
    cards = page.locator("section.turn article").all()
    return [card.get_attribute("aria-label") or "" for card in cards]


def main() -> None:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m web.e2e.first_minute", description=__doc__)
    parser.add_argument("--demo", action="store_true", help="without the local model")
    given = {"PANTHEON_LOCAL_MODEL": "/nowhere.gguf"} if parser.parse_args().demo else {}
    with sync_playwright() as playwright:
        browser = launch(playwright)
        began = time.monotonic()
        with running({**given, "LANG": os.environ.get("LANG", "C.UTF-8")}) as pantheon:
            up_seconds = time.monotonic() - began
            minute = first_minute(browser, pantheon.link)
        browser.close()
    print(f"pantheon up, to its link       {up_seconds:6.1f} s")
    print(f"link, to the page              {minute.page_seconds:6.1f} s")
    print(f"link, to the first words       {minute.first_words_seconds:6.1f} s")
    print(f"link, to the end of the turn   {minute.turn_seconds:6.1f} s")
    print(f"up, to the first words         {up_seconds + minute.first_words_seconds:6.1f} s")
    print(f"clicks                         {minute.clicks:6d}")
    print(f"answered by                    {', '.join(minute.answered_by)}")


if __name__ == "__main__":
    main()
