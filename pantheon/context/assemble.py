"""Assembling what an agent is sent, and the audit of it: a pure function.

What does not fit is decided by the guard and named in the audit, with its reason.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from pantheon.base.errors import ProblemType
from pantheon.context import guard
from pantheon.context.guard import Cut, Need, Past, Standin, Verdict
from pantheon.context.quotes import (
    Parts,
    PastTurn,
    Quote,
    Recap,
    Speaker,
    cost,
    cost_of_turns,
    costs,
    pins_of,
    recap_text,
    recaps_for,
    system_texts,
)
from pantheon.context.transcripts import compose
from pantheon.providers.types import ChatMessage

CONTEXT_BUDGET_EXCEEDED = ProblemType(
    "context_budget_exceeded", 422, "Too much text for this model's window"
)

NEVER_CUT = ("brief", "note")


@dataclass(frozen=True, slots=True)
class Assembled:
    """The messages to send, and by reference what they are made of.

    `due`: a summary of older turns should be made first.
    """

    messages: tuple[ChatMessage, ...]
    sections: list[dict[str, Any]]
    budget: dict[str, Any]
    actions: list[dict[str, Any]] = field(default_factory=list)
    due: bool = False

    @property
    def input_tokens(self) -> int:
        """The estimate of what is sent."""
        return int(self.budget["used"])


@dataclass(frozen=True, slots=True)
class Told:
    """What an agent could be told: its history as far as its window reaches, and this turn.

    `pinned` and the first of `recaps` may come from before `turns`, whose `sizes` are in tokens.
    """

    turns: Sequence[PastTurn]
    recaps: Sequence[Recap]
    pinned: Sequence[Quote]
    asked: Quote
    earlier: Sequence[Quote]
    sizes: Sequence[int] = ()


class ContextTooLarge(Exception):
    """Even without any history the request does not fit the model's window."""


def assemble_context(
    speaker: Speaker,
    history: Sequence[PastTurn],
    asked: Quote,
    asked_id: UUID,
    earlier: Sequence[Quote],
) -> Assembled:
    """Build the request of one agent.

    `history` is oldest first, `asked` the user's current message, `earlier` what this turn's other
    agents have said or failed at before. Raises ContextTooLarge when it does not fit even
    without all that may be left out.
    """
    seen, actions = by_policy(speaker, history)
    told = within_reach(speaker, seen, Told((), (), (), asked, earlier))
    cut = guard.decide(need(speaker, told), speaker.usable)
    if cut.verdict is Verdict.exceeded:
        raise ContextTooLarge(
            f"The role, the question and what is pinned or asked need about {cut.used} tokens; the"
            f" model's window of {speaker.window} leaves {speaker.usable} beside the reply."
        )
    gone = _cuttable(earlier)[: cut.cut]
    before = [said for turn in told.turns[: cut.first] for said in turn.pinned]
    parts = Parts(
        None if cut.standin is None else told.recaps[cut.standin],
        (*told.pinned, *before),
        tuple(told.turns[cut.first :]),
        asked,
        tuple(said for said in earlier if said not in gone),
    )
    sections = _sections(speaker, parts, asked_id, sum(told.sizes[cut.first :]))
    budget = {
        "window": speaker.window,
        "reply_reserve": speaker.reply_reserve,
        "soft": int(speaker.usable * guard.SOFT_SHARE),
        "used": sum(section["tokens"] for section in sections),
        "estimated": speaker.meter.family is None,
        "ratio": speaker.meter.ratio,
    }
    actions += _actions(speaker, told, parts, cut, gone)
    crowded = cut.summarise_to is not None or len(told.turns) < len(seen)
    due = crowded and cut.verdict is not Verdict.fits and speaker.scope is not None
    return Assembled(compose(speaker, parts), sections, budget, actions, due)


def need(speaker: Speaker, told: Told) -> Need:
    """Return the sizes of what an agent could be told, for the guard."""
    meter = speaker.meter
    fixed = sum(meter.text(text) for _, text in system_texts(speaker)) + meter.text(speaker.task)
    fixed += sum(cost(speaker, said) for said in (told.asked, *told.pinned))
    fixed += sum(cost(speaker, said) for said in told.earlier if said.origin in NEVER_CUT)
    turns = [
        Past(size, sum(cost(speaker, said) for said in turn.pinned) if turn.pinned else 0)
        for turn, size in zip(told.turns, told.sizes, strict=True)
    ]
    return Need(
        fixed,
        turns,
        [Standin(_behind(told.turns, r), meter.text(recap_text(r))) for r in told.recaps],
        [cost(speaker, said) for said in _cuttable(told.earlier)],
        guard.SUMMARY_POLICY_TURNS if speaker.policy == "summary" else None,
    )


def by_policy(
    speaker: Speaker, history: Sequence[PastTurn]
) -> tuple[Sequence[PastTurn], list[dict[str, Any]]]:
    """Return what of the history the agent's policy lets it see, and what that leaves out."""
    if speaker.policy == "own":
        mine = (speaker.key, None)
        kept = [turn.of(speaker.key) for turn in history]
        # Pins are for everybody: those of others stand before what is seen of the turns.
        foreign = [said for turn in history for said in turn.pinned if said.agent_key not in mine]
        if foreign:
            kept[0] = replace(kept[0], pins=(*kept[0].pins, *foreign))
        return kept, []
    if speaker.policy == "last" and speaker.last_turns is not None:
        left_out = history[: max(0, len(history) - speaker.last_turns)]
        if left_out:
            first, *others = history[len(left_out) :]
            reason = f"this agent sees the last {speaker.last_turns} turns"
            size = cost_of_turns(speaker, left_out)
            pins = pins_of(left_out)
            return [replace(first, pins=pins), *others], [_action("left_out", reason, size)]
    return history, []


def within_reach(speaker: Speaker, seen: Sequence[PastTurn], told: Told) -> Told:
    """Add the turns, as far back as the window reaches: a larger one elsewhere costs nothing.

    Of what lies before, the pins and the newest summary stay.
    """
    sizes = costs(speaker, seen)
    used, first = 0, len(seen)
    while first > 0 and used <= speaker.usable:
        first -= 1
        used += sizes[first]
    beyond = seen[:first]
    pins = pins_of(beyond) if beyond else seen[0].pins if seen else ()
    recaps = [*recaps_for(speaker, beyond)[-1:], *recaps_for(speaker, seen[first:])]
    return replace(told, turns=seen[first:], sizes=sizes[first:], recaps=recaps, pinned=pins)


def _behind(turns: Sequence[PastTurn], recap: Recap) -> int:
    """Return how many of the turns a summary stands for."""
    return bisect_right(turns, recap.to_turn, key=lambda turn: turn.index)


def _actions(
    speaker: Speaker, told: Told, parts: Parts, cut: Cut, gone: Sequence[Quote]
) -> list[dict[str, Any]]:
    """Say what the guard did, each with its reason."""
    actions = []
    if parts.recap is not None:
        reason = f"turns {parts.recap.from_turn} to {parts.recap.to_turn} are sent as their summary"
        actions.append(_action("summarised", reason, speaker.meter.text(recap_text(parts.recap))))
    if cut.verdict is not Verdict.pruned:
        return actions
    why = f"; no summary: {speaker.unsummarised}" if speaker.unsummarised else ""
    start = cut.summarise_from if parts.recap is not None else 0
    if pruned := told.turns[start : cut.first]:
        left = parts.history[0].index if parts.history else None
        which = "all earlier turns" if left is None else f"turns before {left}"
        size = cost_of_turns(speaker, pruned)
        actions.append(_action("pruned", f"{which} do not fit the window{why}", size))
    if parts.recap is None and told.recaps:
        size = speaker.meter.text(recap_text(told.recaps[-1]))
        actions.append(_action("pruned", "the summary does not fit the window", size))
    if gone:
        reason = f"{len(gone)} of this turn's answers do not fit the window"
        actions.append(_action("pruned", reason, sum(cost(speaker, said) for said in gone)))
    return actions


def _sections(
    speaker: Speaker, parts: Parts, asked_id: UUID, history_tokens: int
) -> list[dict[str, Any]]:
    meter = speaker.meter
    sections: list[dict[str, Any]] = [
        {"origin": origin, "tokens": meter.text(text)} for origin, text in system_texts(speaker)
    ]
    if speaker.prompt_id is not None and sections and sections[0]["origin"] == "role":
        sections[0]["prompt_id"] = str(speaker.prompt_id)
    if parts.recap is not None:
        size = meter.text(recap_text(parts.recap))
        sections.append({"origin": "summary", "summary_id": str(parts.recap.id), "tokens": size})
    if parts.pinned:
        sections.append(
            {
                "origin": "pinned",
                "message_ids": [str(pin.message_id) for pin in parts.pinned],
                "tokens": sum(cost(speaker, pin) for pin in parts.pinned),
            }
        )
    if parts.history:
        sections.append(
            {
                "origin": "history",
                "from_turn": parts.history[0].index,
                "to_turn": parts.history[-1].index,
                "turns": len(parts.history),
                "tokens": history_tokens,
            }
        )
    size = cost(speaker, parts.asked)
    sections.append({"origin": "input", "message_id": str(asked_id), "tokens": size})
    sections.extend(
        {
            "origin": said.origin,
            "from": said.agent_key or "user",
            "step_id": str(said.step_id) if said.step_id else None,
            "tokens": cost(speaker, said),
        }
        for said in parts.earlier
    )
    if speaker.task:
        sections.append({"origin": "task", "tokens": meter.text(speaker.task)})
    return sections


def _cuttable(earlier: Sequence[Quote]) -> list[Quote]:
    return [said for said in earlier if said.origin not in NEVER_CUT]


def _action(kind: str, reason: str, size: int) -> dict[str, Any]:
    return {"kind": kind, "reason": reason, "tokens": size}
