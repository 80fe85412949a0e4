"""What a turn keeps from its acceptance on: mode, roster, models, limits; bad input is refused."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pantheon.base.errors import INVALID, ProblemType
from pantheon.base.text import sanitise
from pantheon.providers.registry import Providers
from pantheon.rooms.limits import DEFAULTS, check_limits, lower
from pantheon.rooms.rooms import GOAL_REQUIRED
from pantheon.turns.mentions import ALL, find_mentions, near_keys
from pantheon.turns.modes.registry import ALIASES, MODES
from pantheon.turns.place import Place
from pantheon.turns.types import Frozen, Seat, TurnInput

NO_VALID_MENTION = ProblemType("no_valid_mention", 422, "No agent of that name")
NO_AGENTS = ProblemType("no_agents", 422, "Nobody is there to answer")

LONGEST_TEXT = 200_000
MANAGER_COLOR = 8
EVERYTHING = {"policy": "everything"}
APPROVALS = {
    "roundtable": ("never", "each_agent"),
    "orchestrator": ("never", "plan", "each_round"),
}


def check_input(wanted: TurnInput) -> None:
    """Raise `validation_error` for a text that is empty, too long or no text."""
    text = wanted.text
    if not text.strip():
        raise INVALID("The message is empty. Write what you want to ask.")
    if len(text) > LONGEST_TEXT:
        raise INVALID(f"The message has {len(text)} characters; at most {LONGEST_TEXT} are read.")
    if sanitise(text) != text:
        raise INVALID("The message holds characters that are no text (NUL or lone surrogates).")


def freeze(
    place: Place, providers: Providers, wanted: TurnInput
) -> tuple[str, Frozen, list[dict[str, str]]]:
    """Return the turn's mode, what it freezes, and warnings about tags that nobody has.

    Raises `no_agents`, `no_valid_mention`, `unknown_model` and `validation_error`.
    """
    roster = [agent for agent in place.roster if agent["seated"] and not agent["muted"]]
    if not roster:
        raise NO_AGENTS("Every agent here is muted or gone. Add one or unmute one.")
    keys = [agent["key"] for agent in roster]
    mentions = find_mentions(wanted.text, keys)
    asked = [key.lower() for key in wanted.agents]
    mode = _mode(place, wanted, bool(mentions.keys) or bool(asked))
    chosen = keys
    if mode == "manual":
        chosen = list(dict.fromkeys([*mentions.keys, *asked]))
        _refuse_unknown(asked, keys, mentions.unknown, chosen)
    elif asked:
        raise INVALID("'agents' goes with the mode 'manual' only.")
    elif mode == "roundtable" and place.mentions == "first":
        chosen = [*mentions.keys, *(key for key in keys if key not in mentions.keys)]
    by_key = {agent["key"]: agent for agent in roster}
    order = "sequence"
    if mode == "manual":
        order = wanted.order or place.tag_order or "parallel"
    elif wanted.order is not None:
        raise INVALID("'order' goes with the mode 'manual' only.")
    frozen = Frozen(
        tuple(_seat(by_key[key], i + 1) for i, key in enumerate(chosen)),
        place.goal,
        order,
        _limits(place, wanted),
        place.room_id is not None,
        _approve(place, wanted, mode),
        summary_model=place.summary_model or providers.summary_model,
    )
    if mode == "orchestrator":
        frozen = _with_manager(place, frozen)
    return mode, with_models(frozen, wanted.models, providers), _warnings(place, mentions.unknown)


def with_models(frozen: Frozen, models: Mapping[str, str], providers: Providers) -> Frozen:
    """Return the frozen turn with other models for some keys.

    Raises `unknown_model`, and `validation_error` for a key that has no part in the turn.
    """
    wrong = sorted(set(models) - {seat.key for seat in frozen.everybody})
    if wrong:
        raise INVALID(f"'models' names agents that do not answer here: {', '.join(wrong)}.")
    changed = replace(
        frozen,
        seats=tuple(replace(s, model=models.get(s.key, s.model)) for s in frozen.seats),
        manager=frozen.manager
        and replace(frozen.manager, model=models.get(frozen.manager.key, frozen.manager.model)),
    )
    for seat in changed.everybody:
        providers.resolve(seat.model)
    return changed


def _with_manager(place: Place, frozen: Frozen) -> Frozen:
    """Add the manager: an agent, who then is nobody's to ask; or the room's own."""
    if place.goal is None:
        raise GOAL_REQUIRED("Give the room a goal: its manager decides by it.")
    told = place.manager or {}
    if told.get("agent_id") is not None:
        agent = next((a for a in place.roster if a["agent_id"] == told["agent_id"]), None)
        if agent is None:
            raise NO_AGENTS("The room's manager is gone. Choose another.")
        seats = [seat for seat in frozen.seats if seat.agent_id != told["agent_id"]]
        if not seats:
            raise NO_AGENTS("The manager is alone in this room. Add agents it can ask.")
        ordered = tuple(replace(seat, position=i) for i, seat in enumerate(seats, start=1))
        return replace(frozen, seats=ordered, manager=_seat(agent, 0))
    model = told.get("model") or frozen.seats[0].model
    taken = {seat.key for seat in frozen.seats}
    key = next(name for name in ("manager", "the-manager", "room-manager") if name not in taken)
    manager = Seat(None, key, "Manager", MANAGER_COLOR, model, 0, None, {}, EVERYTHING)
    return replace(frozen, manager=manager, manager_prompt=told.get("prompt") or "")


def _approve(place: Place, wanted: TurnInput, mode: str) -> str:
    valid = APPROVALS.get(mode, ("never",))
    if wanted.approve is not None and wanted.approve not in valid:
        raise INVALID(
            f"'approve' is {' or '.join(valid)} in the mode '{mode}', not '{wanted.approve}'."
        )
    chosen = wanted.approve or place.approve or "never"
    # A room's setting that its mode of this turn does not have asks for nothing.
    return chosen if chosen in valid else "never"


def _mode(place: Place, wanted: TurnInput, tagged: bool) -> str:
    if place.room_id is None:
        if wanted.mode not in (None, "direct"):
            raise INVALID(
                f"A session with a single agent has the mode 'direct' only, not '{wanted.mode}'."
            )
        return "direct"
    mode = wanted.mode
    if mode is None:
        overridden = tagged and (place.mentions == "override" or bool(wanted.agents))
        mode = "manual" if overridden else place.room_mode
    mode = ALIASES.get(str(mode), str(mode))
    if mode not in MODES or mode == "direct":
        valid = ", ".join(name for name in MODES if name != "direct")
        raise INVALID(f"A room has no mode '{mode}'. Valid are: {valid}.")
    return mode


def _refuse_unknown(
    asked: Sequence[str], keys: Sequence[str], unknown: Sequence[str], chosen: Sequence[str]
) -> None:
    wrong = [key for key in asked if key not in keys]
    if chosen and not wrong:
        return
    tags = [*wrong, *unknown]
    near = list(dict.fromkeys(key for tag in tags for key in near_keys(tag, keys)))
    named = ", ".join(f"@{key}" for key in keys)
    who = f"Nobody here is called {', '.join('@' + tag for tag in tags)}. " if tags else ""
    raise NO_VALID_MENTION(
        f"{who}Tag one of {named} or @{ALL}.", valid_keys=list(keys), near_keys=near
    )


def _warnings(place: Place, unknown: Sequence[str]) -> list[dict[str, str]]:
    if place.room_id is None or place.mentions == "ignore":
        return []
    muted = {agent["key"] for agent in place.roster if agent["muted"]}
    return [
        {
            "code": "agent_muted" if tag in muted else "unknown_mention",
            "detail": f"@{tag} is muted and does not answer."
            if tag in muted
            else f"Nobody here is called @{tag}.",
        }
        for tag in unknown
    ]


def _seat(agent: Mapping[str, Any], position: int) -> Seat:
    return Seat(
        str(agent["agent_id"]), agent["key"], agent["name"], agent["color"], agent["model"],
        position, str(agent["prompt_id"]), agent["parameters"], agent["context"],
    )  # fmt: skip


def _limits(place: Place, wanted: TurnInput) -> dict[str, Any]:
    """Return every limit of the turn: its own where it is lower, the room's, or the default."""
    limits = {**DEFAULTS, **place.limits}
    check_limits(wanted.limits)
    for name, value in wanted.limits.items():
        limits[name] = lower(name, value, limits.get(name))
    return limits
