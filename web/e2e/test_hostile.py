"""Hostile text from a model, and from a person, is shown and does nothing."""

import pytest
from playwright.sync_api import expect

from .conftest import Opener
from .hostile import CORPUS
from .seats import make_room
from .server import Pantheon

PER_TURN = 20
SAFE_SCHEMES = ("http:", "https:", "mailto:")
SEEN = """() => {
  const shown = [...document.querySelectorAll(".prose, .you")];
  const elements = shown.flatMap((part) => [...part.querySelectorAll("*")]);
  const attributes = elements.flatMap((element) => [...element.attributes]);
  return {
    text: shown.map((part) => part.textContent).join("\\n"),
    names: [...new Set(elements.map((element) => element.localName))],
    handlers: attributes.filter((attribute) => attribute.name.startsWith("on")).length,
    links: elements.filter((element) => element.href).map((element) => element.href),
    rels: [...new Set(elements.filter((element) => element.href).map((element) => element.rel))],
    hacked: "hacked" in window,
    foreign: document.querySelectorAll(
      "iframe, object, embed, base, link[href*='evil'], script[src*='evil'], main style").length,
  };
}"""
# What the renderer makes; nothing else can come out of a text.
ELEMENTS = {
    "a", "article", "blockquote", "br", "button", "circle", "code", "del", "div", "em", "h1", "h2",
    "h3", "h4", "h5", "h6", "hr", "input", "li", "ol", "p", "path", "pre", "rect",
    "s", "span", "strong", "svg", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip


def test_the_corpus_is_large() -> None:
    assert len(set(CORPUS)) == len(CORPUS)
    assert len(CORPUS) >= 150


def test_hostile_markdown_is_inert(pantheon: Pantheon, open_page: Opener) -> None:
    agent = pantheon.agent("parrot", "lab/echo")
    session = pantheon.session(agent)
    for at in range(0, len(CORPUS), PER_TURN):
        text = "".join(
            f"{line}\n\nmark{at + n}.\n\n" for n, line in enumerate(CORPUS[at:][:PER_TURN])
        )
        turn = pantheon.post(f"/sessions/{session['id']}/turns", {"input": text}, wait=30)
        assert turn["status"] == "completed"
        # The model said the same, so that it is shown as the answer's Markdown too.
        assert "window.hacked" in turn["steps"][-1]["message"]["content"]
    requests: list[str] = []
    screen = open_page("/")
    screen.page.on("request", lambda request: requests.append(request.url))
    screen.goto(f"/s/{session['id']}")
    expect(screen.turns).to_have_count(-(-len(CORPUS) // PER_TURN))
    seen = screen.page.evaluate(SEEN)
    missing = [n for n in range(len(CORPUS)) if seen["text"].count(f"mark{n}.") < 2]
    assert missing == []
    assert set(seen["names"]) <= ELEMENTS
    assert seen["handlers"] == 0
    assert seen["foreign"] == 0
    assert not seen["hacked"]
    assert seen["links"] != []
    assert [link for link in seen["links"] if not link.startswith(SAFE_SCHEMES)] == []
    # A link that leaves tells the other side nothing of where it was.
    assert all("noreferrer" in rel for rel in seen["rels"])
    assert [url for url in requests if not url.startswith((pantheon.url, "data:"))] == []


@pytest.mark.long
@pytest.mark.parametrize("model", ["lab/hostile", "lab/huge-1"])
def test_an_answer_that_is_no_text_or_too_much_of_it_leaves_the_page_usable(
    pantheon: Pantheon, open_page: Opener, model: str
) -> None:
    session = pantheon.session(make_room(pantheon, {"Wild": model, "Calm": "say: Still here."}))
    screen = open_page(f"/s/{session['id']}")
    screen.send("Go on.")
    screen.wait_for_end()
    expect(screen.words("Calm")).to_have_text("Still here.")
    screen.write("The box still works")
    expect(screen.box).to_have_value("The box still works")
    assert not screen.page.evaluate("'hacked' in window")
