"""axe-core finds nothing on any route, in either theme, at any width; the keyboard reaches all."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from .axe import violations
from .screen import NARROW, PHONE, WIDE, Screen, open_screen
from .server import Pantheon
from .story import Story, tell

SIZES = {"1440": WIDE, "390": PHONE, "320": NARROW}
ROUTES = (
    "round-table", "plan", "approval", "empty", "direct", "room", "new-room", "agent", "new-agent",
    "usage", "models", "budgets", "keys", "page-settings", "welcome", "not-found",
)  # fmt: skip
ESSENTIAL = {"round-table", "plan", "usage"}


@pytest.fixture(scope="module")
def story(pantheon: Pantheon) -> Story:
    """A workspace with something in each state, with credits and a budget."""
    told = tell(pantheon, "-of-launch")
    pantheon.post("/admin/grants", {"credits": "20", "reason": "For the start"})
    pantheon.post("/budgets", {"scope": "workspace", "period": "month", "limit": "1000000"})
    return told


@pytest.fixture(scope="module", params=["light", "dark"])
def themed(
    request: pytest.FixtureRequest, browser: Browser, pantheon: Pantheon, signed_in: Any
) -> Iterator[Screen]:
    """One browser for all routes of a theme."""
    context = browser.new_context(
        storage_state=signed_in, color_scheme=request.param, reduced_motion="reduce"
    )
    screen = open_screen(context, pantheon, "/welcome")
    yield screen
    wrong = screen.wrong()
    context.close()
    assert wrong == []


def _routes() -> list[Any]:
    return [
        route if route in ESSENTIAL else pytest.param(route, marks=pytest.mark.long)
        for route in ROUTES
    ]


@pytest.mark.parametrize("route", _routes())
def test_axe_finds_nothing(themed: Screen, story: Story, route: str) -> None:
    page = themed.page
    found = {}
    for width, (across, down) in SIZES.items():
        page.set_viewport_size({"width": across, "height": down})
        themed.goto(story.paths[route])
        _settled(themed, route)
        if bad := violations(page):
            found[width] = bad
        # Nothing sticks out: the page itself never scrolls sideways.
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
    assert found == {}


def _settled(screen: Screen, route: str) -> None:
    """Wait until the screen has what it loads."""
    expect(screen.page.get_by_role("heading", level=1).first).to_be_visible()
    if screen.page.url.rpartition("/")[0].endswith("/s") and route != "empty":
        expect(screen.turns.last).to_be_visible()
    screen.page.wait_for_load_state("networkidle" if "/s/" not in screen.page.url else "load")


def test_axe_is_the_one_that_is_pinned() -> None:
    """The control: axe does find what is wrong."""
    source = Path(__file__).parents[1] / "node_modules/axe-core/axe.min.js"
    assert source.read_text()[:20].startswith("/*! axe v4.14")


def test_axe_does_find_what_is_wrong(themed: Screen) -> None:
    themed.page.evaluate(
        """() => {
          const button = document.createElement("button");
          button.id = "nameless";
          document.querySelector("main").append(button);
        }"""
    )
    assert [rule for rule, _ in violations(themed.page)] == ["button-name"]
    themed.page.evaluate("document.getElementById('nameless').remove()")
