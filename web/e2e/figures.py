"""Figures of the page's speed: `python -m web.e2e.figures`.

Five agents stream at 100 tokens a second each, and the browser tells its longest tasks (target:
none of 50 ms or more). A session of 1,000 turns is opened three times (target: 1 s when warm).
"""

import argparse
import time
from typing import Any

from playwright.sync_api import Browser, expect, sync_playwright

from tests.fakes.process import running as fake_models

from .browser import launch
from .screen import Screen, open_screen
from .seats import make_room
from .server import Pantheon, environment, running

TOKENS = 600
TURNS = 1000
WATCH = """
  window.tasks = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.tasks.push(entry.duration);
  }).observe({type: "longtask"});
  window.frames = [];
  let last = performance.now();
  requestAnimationFrame(function frame(now) {
    window.frames.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  });
"""


def streaming(browser: Browser, pantheon: Pantheon) -> dict[str, Any]:
    """Return what the browser did while five agents wrote at once."""
    names = ("Alpha", "Beta", "Gamma", "Delta", "Omega")
    room = make_room(pantheon, dict.fromkeys(names, f"lab/paced-0-10-{TOKENS}"), "manual")
    session = pantheon.session(room)
    screen = _signed_in(browser, pantheon)
    screen.goto(f"/s/{session['id']}")
    expect(screen.box).to_be_visible()
    screen.page.evaluate(WATCH)
    began = time.monotonic()
    screen.send("@all tell me everything.")
    expect(screen.page.locator("section.turn-live")).to_have_count(1)
    screen.wait_for_end()
    seconds = time.monotonic() - began
    seen = screen.page.evaluate("({tasks: window.tasks, frames: window.frames})")
    screen.page.context.close()
    frames = sorted(seen["frames"])
    return {
        "seconds": seconds,
        "long_tasks": len(seen["tasks"]),
        "longest_task_ms": max(seen["tasks"], default=0),
        "frames_per_second": len(frames) / seconds,
        "frame_p99_ms": frames[int(len(frames) * 0.99)],
    }


def long_session(browser: Browser, pantheon: Pantheon) -> list[float]:
    """Return the seconds in which a long session was opened, once and again."""
    agent = pantheon.agent("brief", "demo/fast")
    session = pantheon.session(agent)
    for number in range(TURNS):
        body = {"input": f"Question {number}"}
        pantheon.post(f"/sessions/{session['id']}/turns", body, wait=30)
    screen = _signed_in(browser, pantheon)
    seconds = []
    for _ in range(3):
        screen.goto("/welcome")
        expect(screen.page.get_by_role("heading", level=1)).to_be_visible()
        began = time.monotonic()
        screen.goto(f"/s/{session['id']}")
        expect(screen.turn()).to_contain_text(f"Question {TURNS - 1}")
        seconds.append(time.monotonic() - began)
    screen.page.context.close()
    return seconds


def _signed_in(browser: Browser, pantheon: Pantheon) -> Screen:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    token = pantheon.run("open").partition("/login#")[2]
    screen = open_screen(context, pantheon, f"/login#{token}")
    screen.page.wait_for_url(lambda url: "/login" not in url)
    return screen


def main() -> None:
    """Measure and print."""
    argparse.ArgumentParser(prog="python -m web.e2e.figures", description=__doc__).parse_args()
    with sync_playwright() as playwright, fake_models() as fakes:
        browser = launch(playwright)
        with running(environment(fakes)) as pantheon:
            seen = streaming(browser, pantheon)
            opened = long_session(browser, pantheon)
        browser.close()
    print(f"five agents, {TOKENS} tokens each, 100 a second each: {seen['seconds']:.1f} s")
    print(f"  tasks of 50 ms or more  {seen['long_tasks']}")
    print(f"  longest of them         {seen['longest_task_ms']:.0f} ms")
    print(f"  frames a second         {seen['frames_per_second']:.0f}")
    print(f"  99 % of frames within   {seen['frame_p99_ms']:.0f} ms")
    print(f"session of {TURNS} turns opens in")
    print(f"  the first time          {opened[0]:.2f} s")
    print(f"  warm                    {min(opened[1:]):.2f} s")


if __name__ == "__main__":
    main()
