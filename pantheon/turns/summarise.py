"""Summaries as steps: which are due before a turn's answers, their requests, their replies."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import orjson

from pantheon.base.errors import Problem
from pantheon.context import guard, tokens
from pantheon.context.assemble import (
    CONTEXT_BUDGET_EXCEEDED,
    Assembled,
    Told,
    by_policy,
    need,
    within_reach,
)
from pantheon.context.digest import NAME, digest_schema, load_digest, read_digest
from pantheon.context.guard import Verdict
from pantheon.context.quotes import (
    PastTurn,
    Quote,
    Recap,
    Speaker,
    cost_of_turns,
    quote,
    recap_text,
    recaps_for,
)
from pantheon.context.summaries import NewSummary
from pantheon.context.verify import Source, check
from pantheon.providers.registry import Providers
from pantheon.providers.structured import Form, Structure, best_form
from pantheon.providers.types import ChatMessage, Failure, Role
from pantheon.turns import prompts
from pantheon.turns.ask import Ask, ask_of, meter_of, reply_reserve, speaker_for
from pantheon.turns.speech import Speech
from pantheon.turns.types import Frozen, Seat, StepPlan

KIND = "summary"
WORDS_A_TOKEN = 0.5
REPLY_TOKENS = 1_024
MOST_TOKENS = 4_000
UNCOUNTED = tokens.Meter()


@dataclass(frozen=True, slots=True)
class Due:
    """A summary to be made: of these turns and the summary before them, for a scope.

    `after` is how many turns the history has behind them, `most_tokens` how long it may be.
    """

    plan: StepPlan
    scope: str
    previous: Recap | None
    turns: Sequence[PastTurn]
    after: int
    most_tokens: int
    reason: str


def find_due(
    providers: Providers,
    frozen: Frozen,
    role_prompts: Mapping[UUID, str],
    history: Sequence[PastTurn],
    asked: Quote,
) -> dict[str, Due]:
    """Return the summaries that the turn's agents need before they answer, by step key.

    One for all that see the same; it goes as far as the smallest window needs, and the agent with
    the largest one makes it, unless a model is set for that.
    """
    by_scope: dict[str, list[_Crowded]] = {}
    for seat in frozen.everybody:
        found = _crowded(providers, frozen, role_prompts, seat, history, asked)
        if found is not None:
            by_scope.setdefault(found.speaker.scope or "", []).append(found)
    due = {}
    for position, (scope, crowded) in enumerate(sorted(by_scope.items()), start=1):
        seen = crowded[0].seen
        upto = max(found.upto for found in crowded)
        recaps = recaps_for(crowded[0].speaker, seen[:upto])
        previous = recaps[-1] if recaps else None
        start = 0
        if previous is not None:
            start = 1 + next(i for i, turn in enumerate(seen) if previous in turn.recaps)
        if start < upto:
            widest = max(crowded, key=lambda found: found.speaker.window)
            smallest = min(found.speaker.usable for found in crowded)
            who = ", ".join(f"@{found.speaker.key}" for found in crowded)
            plan = StepPlan(f"{KIND}:{scope}", KIND, 0, position, widest.speaker.key)
            due[plan.key] = Due(
                plan, scope, previous, tuple(seen[start:upto]), len(seen) - upto,
                min(MOST_TOKENS, int(smallest * guard.SUMMARY_SHARE)),
                f"for {who} more than {guard.SOFT_SHARE:.0%} of the window would be full",
            )  # fmt: skip
    return due


@dataclass(frozen=True, slots=True)
class _Crowded:
    """An agent whose window gets full, what it sees, and before which turn a summary should end."""

    speaker: Speaker
    seen: Sequence[PastTurn]
    upto: int


def _crowded(
    providers: Providers,
    frozen: Frozen,
    role_prompts: Mapping[UUID, str],
    seat: Seat,
    history: Sequence[PastTurn],
    asked: Quote,
) -> _Crowded | None:
    try:
        model = providers.resolve(seat.model, accepted=True)[1]
    except Problem:
        return None
    role = role_prompts[UUID(seat.prompt_id)] if seat.prompt_id else frozen.manager_prompt
    speaker = speaker_for(
        frozen, Speech(seat, role, "", [], "", None, "answer"), model.context_window,
        reply_reserve(seat, model), meter_of(providers, model.id),
    )  # fmt: skip
    if speaker.scope is None:
        return None
    seen, _ = by_policy(speaker, history)
    told = within_reach(speaker, seen, Told((), (), (), asked, ()))
    cut = guard.decide(need(speaker, told), speaker.usable)
    # What lies beyond the window's reach goes into the summary in any case.
    upto = len(seen) - len(told.turns) + (cut.summarise_to or 0)
    if upto == 0 or cut.verdict not in (Verdict.due, Verdict.pruned):
        return None
    return _Crowded(speaker, seen, upto)


def prepare_summary(providers: Providers, frozen: Frozen, due: Due) -> Ask | Failure:
    """Encode the request of a summary; as many of its oldest turns as its model's window takes."""
    seat = summariser(frozen, due.plan.agent_key or "")
    try:
        provider, model = providers.resolve(seat.model, accepted=True)
    except Problem as problem:
        kind = problem.kind
        return Failure(kind.code, kind.title, problem.detail, retryable=False, sent=False)
    longest = min(model.max_output_tokens, max(REPLY_TOKENS, 3 * due.most_tokens))
    form = best_form(model.capabilities)
    speech = speech_of_summary(seat, form, due.most_tokens, longest)
    meter = meter_of(providers, model.id)
    reserve = reply_reserve(speech.seat, model)
    speaker = _reader(speech, model.context_window, reserve, meter)
    fixed = meter.text(speech.role_prompt) + meter.text(speech.task)
    if due.previous is not None:
        fixed += meter.text(recap_text(due.previous))
    turns: list[PastTurn] = []
    used = fixed
    for turn in due.turns:
        used += cost_of_turns(speaker, (turn,)) + tokens.MESSAGE_OVERHEAD * 3
        if used > speaker.usable:
            break
        turns.append(turn)
    if not turns:
        kind = CONTEXT_BUDGET_EXCEEDED
        detail = f"One turn needs about {used} tokens; {model.id} can read {speaker.usable}."
        return Failure(kind.code, kind.title, detail, retryable=False, sent=False)
    messages = messages_of_summary(speech, due.previous, turns)
    sections = _sections(speaker, speech, due, turns)
    budget = {
        "window": speaker.window,
        "reply_reserve": speaker.reply_reserve,
        "used": sum(section["tokens"] for section in sections),
        "estimated": meter.family is None,
        "ratio": meter.ratio,
    }
    told = f"turns {turns[0].index} to {turns[-1].index} are summarised: {due.reason}"
    size = sum(section["tokens"] for section in sections if section["origin"] == "history")
    actions = [{"kind": "due", "reason": told, "tokens": size}]
    request = Assembled(messages, sections, budget, actions)
    return ask_of(provider, model, speech, request, [], meter, frozen.terms)


def read_summary(
    due: Due, ask: Ask, reply: str, finish_reason: str, session_id: UUID
) -> NewSummary:
    """Return the summary in a model's reply, checked against what was said, to be kept.

    Raises InvalidDigest; the text says why.
    """
    count = next(s["turns"] for s in ask.assembled.sections if s["origin"] == "history")
    turns = due.turns[:count]
    previous = due.previous
    checked = check(
        read_digest(reply, finish_reason),
        {turn.index: _source(turn) for turn in turns},
        None if previous is None else load_digest(previous.content),
        due.most_tokens,
    )
    last, before = turns[-1], None if previous is None else previous.id
    assert last.id is not None, "history comes from rows"
    return NewSummary(
        session_id, due.scope, turns[0].index if previous is None else previous.from_turn,
        last.index, last.id, before, checked.digest, checked.dropped,
    )  # fmt: skip


def as_seen(scope: str | None, turns: Sequence[PastTurn]) -> Sequence[PastTurn]:
    """Return turns as those see them whose summaries have this scope."""
    kind, _, key = (scope or "").partition(":")
    if kind != "own":
        return turns
    return [turn.of(key) for turn in turns]


def summariser(frozen: Frozen, key: str) -> Seat:
    """Return the seat of whoever summarises: the agent's, or with the model that is set for it."""
    seat = frozen.seat(key)
    return replace(seat, model=frozen.summary_model or seat.model)


def speech_of_summary(seat: Seat, form: Form, most_tokens: int, longest: int) -> Speech:
    """Return what a model is told that summarises.

    `form` is how it gives structured answers, `most_tokens` how long the summary may be, `longest`
    the reply with all its JSON.
    """
    structure = Structure(NAME, digest_schema(), form)
    task = prompts.SUMMARISE_TASK.format(words=int(most_tokens * WORDS_A_TOKEN))
    if structure.in_prompt:
        schema = orjson.dumps(structure.schema).decode()
        task += "\n\n" + prompts.SCHEMA.format(schema=schema)
    # The agent's own temper and length are for its answers.
    plain = replace(seat, parameters={"max_output_tokens": longest}, prompt_id=None)
    return Speech(plain, prompts.SUMMARISE, "", [], task, structure, KIND)


def messages_of_summary(
    speech: Speech, previous: Recap | None, turns: Iterable[PastTurn]
) -> tuple[ChatMessage, ...]:
    """Return the messages that ask for a summary: the same parts give the same bytes."""
    texts = [*texts_of_summary(speech, previous, turns)]
    return (ChatMessage(Role.system, texts[0]), ChatMessage(Role.user, "\n\n".join(texts[1:])))


def texts_of_summary(
    speech: Speech, previous: Recap | None, turns: Iterable[PastTurn]
) -> list[str]:
    """Return the texts of the audit's sections: role, the summary before, the turns, the task."""
    before = [] if previous is None else [recap_text(previous)]
    speaker = _reader(speech)
    blocks = [
        f'<turn number="{turn.index}">\n'
        + "\n".join(quote(speaker, said) for said in turn.said)
        + "\n</turn>"
        for turn in turns
    ]
    return [speech.role_prompt, *before, "\n\n".join(blocks), speech.task]


def _reader(
    speech: Speech, window: int = 0, reserve: int = 0, meter: tokens.Meter = UNCOUNTED
) -> Speaker:
    """Return whoever reads the turns for a summary: nobody of the room, to whom all are others."""
    return Speaker(
        "", "", speech.role_prompt, None, "everything", None, window, reserve, None,
        labelled=True, task=speech.task, meter=meter,
    )  # fmt: skip


def _source(turn: PastTurn) -> Source:
    lines = [f"@{said.agent_key or 'user'}: {said.text}" for said in turn.said]
    return Source(turn.input.text, "\n".join(lines))


def _sections(
    speaker: Speaker, speech: Speech, due: Due, turns: Sequence[PastTurn]
) -> list[dict[str, Any]]:
    meter = speaker.meter
    sections: list[dict[str, Any]] = [{"origin": "role", "tokens": meter.text(speech.role_prompt)}]
    if due.previous is not None:
        size = meter.text(recap_text(due.previous))
        sections.append({"origin": "summary", "summary_id": str(due.previous.id), "tokens": size})
    labels = tokens.MESSAGE_OVERHEAD * 3 * len(turns)
    sections.append(
        {
            "origin": "history",
            "from_turn": turns[0].index,
            "to_turn": turns[-1].index,
            "turns": len(turns),
            "after": due.after + len(due.turns) - len(turns),
            "scope": due.scope,
            "tokens": cost_of_turns(speaker, turns) + labels,
        }
    )
    assert speech.structure is not None
    sections.append(
        {
            "origin": "task",
            "tokens": meter.text(speech.task),
            "form": speech.structure.form.value,
            "most_tokens": due.most_tokens,
            "longest": speech.seat.parameters["max_output_tokens"],
        }
    )
    return sections
