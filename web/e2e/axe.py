"""axe-core in the page, by the debugger's door: the content policy lets no other script in."""

from functools import cache
from pathlib import Path

from playwright.sync_api import Page

SOURCE = Path(__file__).parents[1] / "node_modules/axe-core/axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@cache
def _source() -> str:
    return SOURCE.read_text()


def violations(page: Page) -> list[tuple[str, list[str]]]:
    """Return what axe finds wrong: each rule, and the elements that break it."""
    page.evaluate(_source() + "; undefined")
    found = page.evaluate(
        """(tags) => {
          // What sticks covers what is scrolled beneath it for now, and takes no place from it.
          for (const bar of document.querySelectorAll(".call-bar")) bar.style.position = "static";
          return axe.run(document, {
            runOnly: {type: "tag", values: tags},
            resultTypes: ["violations"],
          });
        }""",
        TAGS,
    )
    return [
        (one["id"], [f"{node['target']}: {node['failureSummary']}" for node in one["nodes"]])
        for one in found["violations"]
    ]
