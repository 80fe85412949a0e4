"""The rules of the house hold for the package, and each of them finds what it is there to find."""

import re
from pathlib import Path

import pytest

from pantheon.base.settings import Settings
from pantheon.events.types import EventType
from tests import house, settings_doc
from tests.house import ROOT, Rule, modules, parse

DOCS = ROOT / "docs"

RULES = {
    "a table is written by its room": Rule(
        house.foreign_writes,
        parse("pantheon/rooms/thief.py", 'SQL = "UPDATE holds SET amount_microcredits = 0"'),
        {
            "pantheon/events/event_log.py turns": "the fence: a number of the log is taken there",
            **{
                f"pantheon/ops/retention.py {table}": "as the schema's owner, past all rooms"
                for table in (
                    *("messages", "messages_taken_back", "summaries", "steps", "context_audits"),
                    *("turn_events", "turns", "sessions"),
                )
            },
            "pantheon/turns/accept.py sessions": "the head moves as the turn is stored, or neither",
            "pantheon/turns/checkpoints.py {": "the checkpointer's tables, named by our own list",
            "pantheon/worker/sweeps.py turns": "counts the events that are purged, as it does so",
            "pantheon/worker/sweeps.py turn_events": "purging works across workspaces, as sweep",
            "pantheon/worker/sweeps.py idempotency_keys": "the same; worker and api are strangers",
        },
    ),
    "transactions are opened at the edge": Rule(
        house.transactions,
        parse("pantheon/rooms/own.py", "async def f(db):\n    async with db.transaction(1): ..."),
        {
            "pantheon/turns/run.py": "a run has no request around it",
            "pantheon/turns/work.py": "what is stored is repeated until its transaction commits",
            "pantheon/turns/slots.py": "a turn that no worker got is put into the queue",
            "pantheon/turns/step_text.py": "text is saved in groups, beside the call",
            "pantheon/events/follow.py": "a reader of the log waits longer than any request",
            "pantheon/events/hub.py": "one query looks for all readers of the process",
            "pantheon/accounts/credentials.py": "resolved before a workspace is known",
            "pantheon/accounts/logins.py": "a link is redeemed in the workspace that it names",
            "pantheon/accounts/workspaces.py": "the local owner is made before anybody acts",
        },
    ),
    "what is public says what it is for": Rule(
        house.missing_docstrings, parse("pantheon/rooms/mute.py", "def speak(): ...")
    ),
    "a module has its test": Rule(
        house.untested, parse("pantheon/rooms/untested.py", "def f():\n    return 1")
    ),
    "a module is imported": Rule(
        house.unimported,
        parse("pantheon/rooms/lonely.py", ""),
        {
            "pantheon/cli/main.py": "the command's entry point",
            "pantheon/api/openapi.py": "the program of `make openapi`",
            "pantheon/db/migrations/env.py": "Alembic loads it",
            "pantheon/db/migrations/versions/0001_initial.py": "Alembic loads it",
            "pantheon/db/migrations/versions/0002_context.py": "Alembic loads it",
            "pantheon/db/migrations/versions/0003_money.py": "Alembic loads it",
            "pantheon/db/migrations/versions/0004_reports.py": "Alembic loads it",
            "pantheon/db/migrations/versions/0005_page.py": "Alembic loads it",
        },
    ),
    "a file has one subject": Rule(house.too_long, parse("pantheon/rooms/long.py", "\n" * 401)),
    "names say something": Rule(
        house.full_packages,
        parse("pantheon/rooms/utils.py", ""),
        {"pantheon/__init__.py": "the version"},
    ),
    "crash points are named once": Rule(
        house.crash_points, parse("pantheon/rooms/crash.py", 'crash_point("nowhere")')
    ),
    "a problem is defined once": Rule(
        house.repeated_problems,
        parse(
            "pantheon/rooms/twice.py",
            'A = ProblemType("a", 404, "A")\nB = ProblemType("a", 409, "B")',
        ),
    ),
    "one clock, one maker of ids": Rule(
        house.own_clocks,
        parse("pantheon/rooms/clock.py", "at = datetime.now()"),
        {"pantheon/db/wake.py": "names a process among its peers, no row"},
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_the_package_keeps_the_rule(name: str) -> None:
    """What is found is what is allowed, and nothing is allowed that is not there."""
    rule = RULES[name]
    found = rule.find(modules("pantheon"))
    broken = [f"{key}: {why}" for key, why in found.items() if key not in rule.allowed]
    idle = [key for key in rule.allowed if key not in found]
    assert not broken, f"{name}:\n" + "\n".join(broken)
    assert not idle, f"allowed without need: {idle}"


@pytest.mark.parametrize("name", RULES)
def test_the_rule_finds_what_breaks_it(name: str) -> None:
    """Each rule has a control: a module that it must not let pass."""
    rule = RULES[name]
    assert set(rule.find([rule.control])) - set(rule.allowed)


def test_tests_and_benchmarks_keep_their_length_too() -> None:
    """The limit is for whoever reads, and tests are read."""
    found = house.too_long([*modules("tests"), *modules("benchmarks")])
    assert not found, "\n".join(f"{path}: {why}" for path, why in found.items())


def test_nothing_is_mocked() -> None:
    """A real database and a real model server stand behind the tests."""
    mocked = [
        module.path
        for module in modules("tests")
        if re.search(r"^\s*(from|import) (unittest\.)?mock\b", module.source, re.MULTILINE)
    ]
    assert mocked == []


def test_every_owner_of_a_table_is_a_room() -> None:
    """A table's comment names the room that writes it, and that room is there."""
    owners = house.table_owners()
    created = set()
    for revision in house.MIGRATIONS.rglob("*.sql"):
        created |= set(re.findall(r"CREATE TABLE (\w+)", revision.read_text("utf-8")))
    assert set(owners) == created
    assert {room for room in owners.values() if not (ROOT / "pantheon" / room).is_dir()} == set()


def test_the_docs_tell_of_every_problem_and_no_other() -> None:
    """docs/errors.md lists the codes with the statuses that the code gives them."""
    raised = {kind.code: str(kind.status) for kind in house.problem_types(modules("pantheon"))}
    told = dict(re.findall(r"^\| `(\w+)` \| (\d{3}) \|", _doc("errors.md"), re.MULTILINE))
    assert told == raised


def test_the_docs_tell_of_every_failure_and_no_other() -> None:
    """docs/errors.md lists the codes that stand in a step's, a turn's or a call's `error`."""
    told = set(re.findall(r"^\| `(\w+)` \| [^|\d]", _doc("errors.md"), re.MULTILINE))
    assert told == house.value_codes(modules("pantheon"))


def test_the_docs_tell_of_every_event_and_no_other() -> None:
    """docs/events.md has a row for each event type."""
    told = set(re.findall(r"^\| `([a-z]+\.[a-z_]+)` \|", _doc("events.md"), re.MULTILINE))
    assert told == {kind.value for kind in EventType}


def test_every_link_of_the_docs_leads_somewhere() -> None:
    """A page that was moved takes its links along, and each decision stands in the list."""
    dead = []
    for page in [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]:
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8")):
            if "://" not in link and not (page.parent / link).exists():
                dead.append(f"{page.relative_to(ROOT)}: {link}")
    assert dead == []
    listed = set(re.findall(r"\((\d{4}[^)]+)\)", _doc("decisions/README.md")))
    assert listed == {path.name for path in (DOCS / "decisions").glob("0*.md")}


def test_every_setting_is_described() -> None:
    """The docs are made from the descriptions, so none may be missing."""
    mute = [name for name, field in Settings.model_fields.items() if not field.description]
    assert mute == []


def test_every_setting_is_used() -> None:
    """What nothing reads is a promise that nobody keeps; the docs say which of them wait."""
    used = set()
    for module in modules("pantheon"):
        used |= set(re.findall(r"\.(\w+)\b", module.source))
    assert set(Settings.model_fields) - used - settings_doc.LATER == set()


def test_the_page_of_settings_is_up_to_date() -> None:
    """`python -m tests.settings_doc` writes it."""
    assert settings_doc.PATH.read_text("utf-8") == settings_doc.render()


def _doc(name: str) -> str:
    return Path(DOCS / name).read_text("utf-8")
