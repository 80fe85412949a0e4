"""Pictures of every screen, in both themes and two widths: `make screenshots`.

    python -m web.e2e.screenshots [--only NAME] [--into FOLDER]

A real server is filled with a story (`story.py`) and photographed; files are named
`SCREEN-THEME-WIDTH.png`.
"""

import argparse
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Locator, expect, sync_playwright

from tests.fakes.process import running as fake_models

from .browser import launch
from .past import spread_calls
from .screen import PHONE, WIDE, Screen, open_screen
from .server import Pantheon, environment, running
from .story import Story, tell

FOLDER = Path(__file__).parents[2] / "docs/screenshots"
SIZES = {"1440": WIDE, "390": PHONE}
THEMES = ("light", "dark")

Act = Callable[[Screen], None]


def acts(story: Story) -> dict[str, tuple[str, Act]]:
    """Return what is photographed: by name the path, and what is done there before."""
    paths = story.paths
    live = f"/s/{story.live_id}"
    return {
        "welcome": (paths["welcome"], _still),
        "round-table": (paths["round-table"], _top_of_turn),
        "live": (live, _writing),
        "columns": (paths["round-table"], _columns),
        "sent": (paths["round-table"], _what_was_sent),
        "orchestrator": (paths["plan"], _top_of_turn),
        "approval": (paths["approval"], _still),
        "direct": (paths["direct"], _still),
        "empty": (paths["empty"], _still),
        "mention": (paths["empty"], _mention),
        "room": (paths["room"], _seat),
        "agent": (paths["agent"], _still),
        "usage": (paths["usage"], _still),
        "models": (paths["models"], _still),
        "keys": (paths["keys"], _still),
        "settings": (paths["page-settings"], _still),
        "palette": (paths["round-table"], _palette),
    }


def _still(screen: Screen) -> None:
    if "/s/" not in screen.page.url:
        screen.page.wait_for_load_state("networkidle")


def _top_of_turn(screen: Screen) -> None:
    expect(screen.turns.first).to_be_visible()
    screen.turns.first.evaluate("turn => turn.scrollIntoView()")


def _writing(screen: Screen) -> None:
    expect(screen.words("Writer")).to_contain_text("w20")


def _columns(screen: Screen) -> None:
    _press_if_there(screen.page.get_by_role("radio", name="Columns"))
    _top_of_turn(screen)


def _what_was_sent(screen: Screen) -> None:
    _top_of_turn(screen)
    screen.card("Builder").get_by_role("button", name=re.compile("tokens sent|What was")).click()
    expect(screen.page.get_by_text("SHA-256 of the request")).to_be_visible()
    _top_of_turn(screen)


def _mention(screen: Screen) -> None:
    screen.box.press_sequentially("Is this right, @")
    expect(screen.page.get_by_role("listbox")).to_be_visible()


def _seat(screen: Screen) -> None:
    _still(screen)
    if screen.page.viewport_size == {"width": WIDE[0], "height": WIDE[1]}:
        _press_if_there(screen.page.get_by_role("button", name="Analyst", exact=True).last)


def _palette(screen: Screen) -> None:
    _top_of_turn(screen)
    screen.page.keyboard.press("Control+k")
    expect(screen.page.get_by_role("dialog")).to_be_visible()


def _press_if_there(control: Locator) -> None:
    """A phone leaves some controls out."""
    if control.count() and control.is_visible():
        control.click()


def take(browser: Browser, pantheon: Pantheon, folder: Path, only: str | None) -> list[Path]:
    """Fill the server, take the pictures, and return their files."""
    story = tell(pantheon)
    spread_calls(pantheon)
    pantheon.post(f"/sessions/{story.live_id}/turns", {"input": "Which clause do we change?"})
    folder.mkdir(parents=True, exist_ok=True)
    taken = []
    for theme in THEMES:
        for width, (across, down) in SIZES.items():
            context = browser.new_context(
                viewport={"width": across, "height": down},
                color_scheme="dark" if theme == "dark" else "light",
                reduced_motion="reduce",
                locale="en-GB",
                has_touch=width == "390",
            )
            token = pantheon.run("open").partition("/login#")[2]
            screen = open_screen(context, pantheon, f"/login#{token}")
            screen.page.wait_for_url(lambda url: "/login" not in url)
            for name, (path, act) in acts(story).items():
                if only is not None and name != only:
                    continue
                screen.goto(path)
                expect(screen.page.get_by_role("main")).to_be_visible()
                act(screen)
                screen.page.wait_for_timeout(150)
                file = folder / f"{name}-{theme}-{width}.png"
                screen.page.screenshot(path=file, caret="hide", animations="disabled")
                taken.append(file)
            context.close()
    return taken


def main() -> None:
    """Take the pictures and say how many."""
    parser = argparse.ArgumentParser(prog="python -m web.e2e.screenshots")
    parser.add_argument("--only", help="one screen by its name")
    parser.add_argument("--into", type=Path, default=FOLDER, help="another folder")
    given = parser.parse_args()
    with sync_playwright() as playwright, fake_models() as fakes:
        browser = launch(playwright)
        with running(environment(fakes)) as pantheon:
            files = take(browser, pantheon, given.into, given.only)
        browser.close()
    kilobytes = sum(file.stat().st_size for file in files) // 1024
    print(f"{len(files)} pictures, {kilobytes} kB, in {given.into}")


if __name__ == "__main__":
    main()
