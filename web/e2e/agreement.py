"""Comparing what the page shows with `GET timeline`."""

from typing import Any

from playwright.sync_api import expect

from .screen import Screen

LOOKS = {
    "completed": "done",
    "failed": "fail",
    "running": "live",
    "pending": "wait",
    "cancelled": "stop",
    "skipped": "wait",
}
"""How a card looks by its step's status; one that was left out looks like one that waits."""


def assert_page_is_timeline(screen: Screen, session_id: str) -> None:
    """Check that page and API say the same: turns, messages, agents, states and texts, in order.

    The texts of the session have to be plain: what Markdown makes of them is themselves.
    """
    turns = screen.pantheon.timeline(session_id)
    expect(screen.turns).to_have_count(len(turns))
    shown: list[dict[str, Any]] = screen.page.evaluate(
        """() => [...document.querySelectorAll("section.turn")].map((turn) => ({
          input: turn.querySelector(".you p").lastChild.textContent,
          you: turn.querySelector(".you p").textContent,
          cards: [...turn.querySelectorAll("article")].map((card) => [
            card.getAttribute("aria-label"),
            card.dataset.look,
            card.querySelector(".prose")?.textContent.trim() ?? "",
          ]),
        }))"""
    )
    for turn, seen in zip(turns, shown, strict=True):
        assert turn["input"] in seen["you"]
        cards = [[name, look, _squeezed(text)] for name, look, text in seen["cards"]]
        assert cards == [_card(step) for step in turn["steps"] if _is_card(step)]


def _is_card(step: dict[str, Any]) -> bool:
    return step["kind"] in ("answer", "synthesis")


def _card(step: dict[str, Any]) -> list[str]:
    text = _squeezed((step["message"] or {"content": ""})["content"])
    look = LOOKS[step["status"]]
    if look == "stop" and text == "":
        look = "wait"
    return [step["agent"]["name"] if step["agent"] else "Manager", look, text]


def _squeezed(text: str) -> str:
    """Take out the space: between paragraphs the page has none."""
    return "".join(text.split())
