"""Pictures of every screen, in both themes and two widths: `make screenshots`.

    python -m web.e2e.screenshots [--only NAME] [--into FOLDER]

A real server is filled with a story (`story.py`) and photographed; files are named
`SCREEN-THEME-WIDTH.png`.
"""

import argparse
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.fakes.process import running as fake_models

from .browser import launch
from .past import spread_calls
from .screen import PHONE, WIDE, Screen, open_screen
from .server import Pantheon, environment, running
from .story import Story, tell

FOLDER = Path(__file__).parents[2] / "docs/screenshots"
SIZES = {"1440": WIDE, "390": PHONE}
THEMES = ("light", "dark")
OPEN_SEAT = re.compile("^(Edit|Open) Builder")

Act = Callable[[Screen], None]


def acts(story: Story) -> dict[str, tuple[str, Act]]:
    """Return what is photographed: by name the path, and what is done there before."""
    paths = story.paths
    live = f"/s/{story.live_id}"
    return {
        "round-table": (paths["round-table"], _top_of_turn),
        "live": (live, _writing),
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
        "budgets": (paths["budgets"], _still),
        "keys": (paths["keys"], _still),
        "settings": (paths["page-settings"], _still),
        "palette": (paths["round-table"], _palette),
        # The page remembers how answers are shown: this comes last.
        "columns": (paths["round-table"], _columns),
    }


def _still(screen: Screen) -> None:
    if "/s/" not in screen.page.url:
        screen.page.wait_for_load_state("networkidle")


def _top_of_turn(screen: Screen) -> None:
    expect(screen.turns.first).to_be_visible()
    screen.turns.first.evaluate("turn => turn.scrollIntoView()")


def _writing(screen: Screen) -> None:
    expect(screen.words("Writer")).to_contain_text("only that one")


def _columns(screen: Screen) -> None:
    _top_of_turn(screen)
    screen.page.get_by_role("radio", name="Columns").click()
    _top_of_turn(screen)


def _what_was_sent(screen: Screen) -> None:
    _top_of_turn(screen)
    screen.card("Builder").get_by_role("button", name=re.compile("tokens sent|What was")).click()
    expect(screen.button("Copy request")).to_be_visible()
    _top_of_turn(screen)


def _mention(screen: Screen) -> None:
    screen.box.press_sequentially("Is this right, @")
    expect(screen.page.get_by_role("listbox")).to_be_visible()


def _seat(screen: Screen) -> None:
    _still(screen)
    # On a phone the seat's editor takes the whole screen.
    if screen.page.viewport_size == {"width": WIDE[0], "height": WIDE[1]}:
        screen.page.get_by_role("main").get_by_role("button", name=OPEN_SEAT).first.click()


def _palette(screen: Screen) -> None:
    _top_of_turn(screen)
    screen.page.keyboard.press("Control+k")
    expect(screen.page.get_by_role("dialog")).to_be_visible()


def take(browser: Browser, pantheon: Pantheon, folder: Path, only: str | None) -> list[Path]:
    """Photograph the empty server, fill it, photograph the rest; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    taken = _rounds(browser, pantheon, folder, only, {"welcome": ("/welcome", _still)})
    _clear(pantheon)
    _charge(pantheon)
    story = tell(pantheon)
    _limit(pantheon, story)
    spread_calls(pantheon)
    pantheon.post(f"/sessions/{story.live_id}/turns", {"input": "Which clause do we change?"})
    return taken + _rounds(browser, pantheon, folder, only, acts(story))


def _clear(pantheon: Pantheon) -> None:
    """Take away the example that a new workspace has: the story has a room of its own."""
    for kind in ("rooms", "agents"):
        for item in pantheon.get(f"/{kind}")["items"]:
            pantheon.delete(f"/{kind}/{item['id']}")


def _charge(pantheon: Pantheon) -> None:
    """Let calls be charged from some credits, and nothing be refused."""
    pantheon.post("/admin/grants", {"credits": "18.47", "reason": "For the pictures"})
    pantheon.put("/admin/enforcement", {"mode": "warn"})
    pantheon.post("/budgets", {"scope": "workspace", "period": "day", "limit": "2"})


def _limit(pantheon: Pantheon, story: Story) -> None:
    """Give the room of the round table a budget, and let it spend some of that."""
    of_room = {"scope": "room", "scope_id": story.room_id, "period": "day", "limit": "0.02"}
    pantheon.post("/budgets", of_room)
    asked = pantheon.post(f"/rooms/{story.room_id}/sessions", {"name": "Release notes"})
    pantheon.post(f"/sessions/{asked['id']}/turns", {"input": "What do we say?"}, wait=30)


def _rounds(
    browser: Browser,
    pantheon: Pantheon,
    folder: Path,
    only: str | None,
    wanted: dict[str, tuple[str, Act]],
) -> list[Path]:
    taken = []
    for theme in THEMES:
        for width, size in SIZES.items():
            context = _signed_in(browser, pantheon, theme, size)
            screen = open_screen(context, pantheon, "/welcome")
            for name, (path, act) in wanted.items():
                if only not in (None, name):
                    continue
                screen.goto(path)
                expect(screen.page.get_by_role("heading", level=1).first).to_be_visible()
                act(screen)
                # Fonts and icons are drawn by then.
                screen.page.wait_for_timeout(150)
                file = folder / f"{name}-{theme}-{width}.png"
                screen.page.screenshot(path=file, caret="hide", animations="disabled")
                taken.append(file)
            context.close()
    return taken


def _signed_in(
    browser: Browser, pantheon: Pantheon, theme: str, size: tuple[int, int]
) -> BrowserContext:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        locale="en-GB",
        has_touch=size == PHONE,
    )
    page = context.new_page()
    page.goto(pantheon.url + "/login#" + pantheon.run("open").partition("/login#")[2])
    page.wait_for_url(lambda url: "/login" not in url)
    page.close()
    return context


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
