"""Keys: of providers, entered, tried and never shown again; of programs, shown once."""

from playwright.sync_api import expect

from .conftest import Opener
from .screen import PHONE
from .server import Pantheon, Refused

GOOD = "sk-good-0123456789abcdef-Zx9q"
"""A key that the fake models take; they refuse `wrong-key` alone."""


def test_a_providers_key_is_tried_stored_and_never_read_back(
    pantheon: Pantheon, open_page: Opener
) -> None:
    screen = open_page("/settings/models")
    page = screen.page
    lab = page.get_by_role("region", name="lab")
    bodies: list[str] = []
    page.on("response", lambda answer: bodies.append(answer.text()) if _is_told(answer) else None)
    lab.get_by_role("button", name="Add key").click()
    dialog = page.get_by_role("dialog")
    box = dialog.get_by_label("Key of lab")
    expect(box).to_have_attribute("type", "password")
    box.fill("wrong-key")
    dialog.get_by_role("button", name="Test and store").click()
    expect(dialog.get_by_role("alert")).to_contain_text("It was not stored.")
    assert not _lab(pantheon)["has_key"]
    calls_before = len(_tests(pantheon))
    box.fill(GOOD)
    dialog.get_by_role("button", name="Test and store").click()
    expect(page.get_by_text("The key of lab works and is stored.")).to_be_visible()
    expect(lab).to_contain_text(f"Key …{GOOD[-4:]}")
    # One call, in the ledger.
    assert len(_tests(pantheon)) == calls_before + 1
    page.reload()
    expect(lab).to_contain_text(f"Key …{GOOD[-4:]}")
    lab.get_by_role("button", name="Replace key").click()
    expect(box).to_have_value("")
    page.keyboard.press("Escape")
    assert GOOD not in page.content()
    assert bodies
    assert not any(GOOD in body for body in bodies)
    assert GOOD.encode() not in (pantheon.data_dir.parent / "log.txt").read_bytes()
    lab.get_by_role("button", name="Remove key").click()
    dialog.get_by_role("button", name="Remove key").click()
    expect(page.get_by_text("The key of lab is removed.")).to_be_visible()
    expect(lab.get_by_role("button", name="Add key")).to_be_visible()
    assert not _lab(pantheon)["has_key"]


def _is_told(answer) -> bool:
    return "/api/v1/providers" in answer.url and answer.status != 204


def _lab(pantheon: Pantheon) -> dict:
    providers = pantheon.get("/providers")["items"]
    return next(provider for provider in providers if provider["name"] == "lab")


def _tests(pantheon: Pantheon) -> list[dict]:
    calls = pantheon.get("/usage/calls?limit=200")["items"]
    return [call for call in calls if (call["purpose"], call["provider"]) == ("test", "lab")]


def test_on_a_phone_the_tab_that_is_open_is_in_sight(open_page: Opener) -> None:
    screen = open_page("/settings/page", size=PHONE)
    tabs = screen.page.get_by_role("navigation", name="Parts of the settings")
    expect(tabs.get_by_role("link", name="This page")).to_be_in_viewport(ratio=0.9)
    expect(tabs.get_by_role("link", name="Models and providers")).not_to_be_in_viewport(ratio=0.9)


def test_a_programs_key_is_shown_once_works_and_is_revoked(
    pantheon: Pantheon, open_page: Opener
) -> None:
    screen = open_page("/settings/keys")
    page = screen.page
    page.get_by_role("button", name="New key").click()
    page.get_by_label("What is it for?").fill("Nightly report")
    page.get_by_role("button", name="Make key").click()
    shown = page.get_by_text("pan_")
    expect(shown).to_be_visible()
    token = shown.inner_text().strip()
    assert _may(pantheon, token)
    page.get_by_role("button", name="I have copied it").click()
    expect(page.get_by_text("pan_")).to_have_count(0)
    page.reload()
    row = page.get_by_role("row").filter(has_text="Nightly report")
    expect(row).to_contain_text(f"…{token[-4:]}")
    assert token not in page.content()
    row.get_by_role("button", name="Revoke Nightly report").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke", exact=True).click()
    expect(page.get_by_text("Nightly report is revoked.")).to_be_visible()
    expect(row).to_have_count(0)
    assert not _may(pantheon, token)


def _may(pantheon: Pantheon, token: str) -> bool:
    """Whether a key of programs is let in."""
    other = Pantheon(pantheon.data_dir, {})
    other.url, other.key = pantheon.url, token
    try:
        other.get("/rooms")
    except Refused as refused:
        return refused.status != 401
    return True
