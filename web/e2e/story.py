"""A workspace as somebody has it who uses the product: rooms, sessions in every state, calls."""

from dataclasses import dataclass
from typing import Any

from .server import Pantheon

QUESTION = (
    "We want the new billing page live for every customer on Friday. Go or no-go? Name the one risk"
    " that decides it."
)
GOAL = "Decide what is launched, when, and for whom, with the risk named."
ANALYST = (
    "say: **Go, for 10 % of accounts on Friday.** The page itself is ready: 41 of 43 checks pass"
    " and the two open ones are cosmetic. The deciding risk is proration: an upgrade in mid-cycle "
    "is charged twice if the webhook is delivered again."
)
HISTORIAN = (
    "say: The same thing happened in March: 212 customers, nine days of refunds. What helped then"
    " was a ledger check before the switch, not a slower roll-out."
)
BUILDER = (
    "say: Then make the webhook safe to repeat before Friday: store the event id with a unique"
    " index and drop `invoice.paid` when it is already there. Half a day, and it removes the risk"
    " that decides this."
)
EDITOR = (
    "say: **Go for a tenth of the accounts on Friday**, once the webhook drops what it has seen.\n"
)
WRITER = (
    "hold: Clause 9 renews the contract by itself, for a year, unless somebody gives notice ninety"
    " days before. I would change that clause, and only that one:\n"
)
SEATS = (
    ("analyst", "Analyst", 1, "lab/scripted", ANALYST),
    ("historian", "Historian", 2, "lab/scripted", HISTORIAN),
    ("skeptic", "Skeptic", 3, "lab/quota", "You look for the reason why the plan fails."),
    ("builder", "Builder", 4, "lab/scripted", BUILDER),
    ("editor", "Editor", 5, "lab/scripted", EDITOR),
)
MANAGER = {"model": "demo/fast"}


@dataclass(frozen=True)
class Story:
    """Where each state of a session is to be seen: paths of the page."""

    paths: dict[str, str]
    room_id: str
    live_id: str


def tell(pantheon: Pantheon, mark: str = "") -> Story:
    """Fill a workspace: its agents' keys end in `mark`, so that nobody else has them.

    The turns have ended, but for those that wait or stream.
    """
    agents = [
        pantheon.agent(f"{key}{mark}", model, prompt, name=name, color=color)
        for key, name, color, model, prompt in SEATS
    ]
    launch = pantheon.room("Launch review", agents, goal=GOAL)
    roll_out = _session(pantheon, launch, "Billing page roll-out", QUESTION)
    for name in ("Pricing tiers for teams", "Post-mortem, 14 November"):
        _session(pantheon, launch, name, "What did we learn, in a sentence?")

    slow = pantheon.agent(f"writer{mark}", "lab/scripted", WRITER, name="Writer", color=7)
    patient = {"step_seconds": 900}
    table = pantheon.room("Contract desk", [agents[1], slow, agents[4]], limits=patient)
    live = pantheon.session(table, "Renewal terms")

    desk = pantheon.room("Paper club", [agents[1], agents[0]], "orchestrator", manager=MANAGER)
    plan = _session(pantheon, desk, "Ship or wait", "Should we ship on Friday, or wait a week?")
    asked = pantheon.room(
        "Asked first", [agents[0], agents[3]], "orchestrator", manager=MANAGER, approve="plan"
    )
    approval = _session(pantheon, asked, "Waits for you", "Which of the two comes first?")
    empty = pantheon.session(desk, "Nothing said yet")
    alone = _session(pantheon, agents[0], "Only the analyst", "In a sentence?")
    return Story(
        {
            "round-table": f"/s/{roll_out['id']}",
            "plan": f"/s/{plan['id']}",
            "approval": f"/s/{approval['id']}",
            "empty": f"/s/{empty['id']}",
            "direct": f"/s/{alone['id']}",
            "room": f"/rooms/{launch['id']}",
            "new-room": "/rooms/new",
            "agent": f"/agents/{agents[0]['id']}",
            "new-agent": "/agents/new",
            "usage": "/usage",
            "models": "/settings/models",
            "budgets": "/settings/budgets",
            "keys": "/settings/keys",
            "page-settings": "/settings/page",
            "welcome": "/welcome",
            "not-found": "/nowhere",
        },
        launch["id"],
        live["id"],
    )


def _session(pantheon: Pantheon, place: dict[str, Any], name: str, text: str) -> dict[str, Any]:
    session = pantheon.session(place, name)
    pantheon.post(f"/sessions/{session['id']}/turns", {"input": text}, wait=30)
    return session
