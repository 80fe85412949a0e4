"""Fixtures: a browser and a server for each process of the run, a page for each test."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.fakes.process import running as fake_models

from .browser import launch
from .screen import WIDE, Screen, open_screen
from .server import Pantheon, environment, running


@pytest.fixture(scope="session")
def fakes() -> Iterator[str]:
    """The base URL of the fake model server, a process of its own (tests/fakes)."""
    with fake_models() as url:
        yield url


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright's driver."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """A headless Chromium."""
    browser = launch(playwright)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def pantheon(fakes: str) -> Iterator[Pantheon]:
    """A running server, shared by the tests that only use it."""
    with running(environment(fakes)) as pantheon:
        yield pantheon


@pytest.fixture(scope="session")
def signed_in(browser: Browser, pantheon: Pantheon) -> dict:
    """The cookies of a browser that is signed in to `pantheon`."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(pantheon.link)
    page.wait_for_url(lambda url: "/login" not in url)
    state = context.storage_state()
    context.close()
    return {"cookies": state["cookies"]}


Opener = Callable[..., Screen]


@pytest.fixture
def open_page(browser: Browser, pantheon: Pantheon, signed_in: dict) -> Iterator[Opener]:
    """Opens a signed-in browser at a path; at the end none has met an error that nobody expected.

    `open_page(path, width=, theme=, …)`; two of them are two browsers.
    """
    screens: list[Screen] = []

    def opened(path: str, *, size: tuple[int, int] = WIDE, theme: str = "light") -> Screen:
        context = browser.new_context(
            storage_state=signed_in,
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
            locale="en-GB",
            accept_downloads=True,
        )
        screen = open_screen(context, pantheon, path)
        screens.append(screen)
        return screen

    yield opened
    wrong = [line for screen in screens for line in screen.wrong()]
    for screen in screens:
        screen.page.context.close()
    assert wrong == []
