"""A conversation as OpenAI's chat completions have it: messages in, one text out, in pieces.

What several agents say becomes one text: a block each, in their order, or the synthesis alone.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

from pantheon.base.errors import INVALID, NOT_FOUND
from pantheon.turns.export import fenced

BEGUN_ANEW = "\n\n(The answer was begun anew.)\n\n"

_ROOM = re.compile(r"room:([0-9a-fA-F-]{36})(?:/([a-z]{1,32}))?")
_AGENT = re.compile(r"agent:([a-z][a-z0-9_-]{0,31})")


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a `model` of this door names: a room, in a mode perhaps, or an agent by its key."""

    room_id: UUID | None = None
    mode: str | None = None
    agent_key: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a conversation."""

    role: str
    text: str


def target_of(model: str) -> Target:
    """Return whom `room:<id>`, `room:<id>/<mode>` or `agent:<key>` names. Raises `not_found`."""
    if room := _ROOM.fullmatch(model):
        try:
            return Target(room_id=UUID(room[1]), mode=room[2])
        except ValueError:
            pass
    if agent := _AGENT.fullmatch(model):
        return Target(agent_key=agent[1])
    raise NOT_FOUND(
        f"There is no model '{model[:80]}' here. 'GET /v1/models' lists them: room:<id>,"
        " room:<id>/<mode>, agent:<key>."
    )


def question_of(messages: Sequence[Said]) -> Said:
    """Return the last message, which is the user's. Raises `validation_error`."""
    if not messages or messages[-1].role != "user":
        raise INVALID("The last message is the user's: there is nothing else to answer.")
    return messages[-1]


def fingerprint(model: str, messages: Sequence[Said]) -> bytes:
    """Return by what a conversation is known again when its client sends it back."""
    told = [model, *([message.role, message.text.strip()] for message in messages)]
    return sha256(orjson.dumps(told)).digest()


def with_earlier(messages: Sequence[Said]) -> str:
    """Return the question with what was said before, for a session that does not have it.

    Inside of a fence, where no tag of it calls an agent.
    """
    question = question_of(messages)
    earlier = "\n\n".join(f"{said.role}: {said.text}" for said in messages[:-1])
    if not earlier:
        return question.text
    return f"What was said before:\n\n{fenced(earlier)}\n\n{question.text}"


def reply_of(turn: Mapping[str, Any]) -> str:
    """Return what a turn has answered, as one text; empty where nobody said anything."""
    return "".join(_blocks(turn["steps"], len(turn["roster"]) > 1))


def chat_usage(usage: Mapping[str, Any]) -> dict[str, Any]:
    """Return a `Usage` in OpenAI's words."""
    read, written = usage["input_tokens"], usage["output_tokens"]
    return {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
        "prompt_tokens_details": {"cached_tokens": usage["cached_input_tokens"]},
        "completion_tokens_details": {"reasoning_tokens": usage["reasoning_tokens"]},
    }


@dataclass(slots=True)
class Pieces:
    """A turn's text while it is made: of several agents one after another, whoever is faster.

    `take` gets each event of the turn; `said` is all that it has given.
    """

    said: str = ""
    _shown: str = ""
    _steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    _several: bool = False
    _managed: bool = False

    def take(self, event: str, data: Mapping[str, Any]) -> str:
        """Return what an event adds to the text."""
        if event == "turn.created":
            turn = data["turn"]
            self._several = len(turn["roster"]) > 1
            self._managed = turn["mode"] == "orchestrator"
            self._know(turn["steps"])
        elif event == "step.delta":
            step = self._steps[data["step_id"]]
            step["text"] = step["text"][: data["offset"]] + data["text"]
        elif event == "turn.completed":
            return self._upto(reply_of(data["turn"]))
        elif "step" in data:
            self._know([data["step"]])
        return self._upto(self._so_far())

    def _know(self, told: Sequence[Mapping[str, Any]]) -> None:
        for step in told:
            message = step["message"] or {"content": ""}
            self._steps[step["id"]] = {**step, "text": message["content"]}

    def _so_far(self) -> str:
        """Return the text up to the first step that is not over, with what that has said."""
        ordered = sorted(self._steps.values(), key=lambda s: (s["round"], s["position"]))
        if self._managed:
            ordered = [step for step in ordered if step["kind"] == "synthesis"]
            if any(step["status"] not in ("running", "completed") for step in ordered):
                return ""
        over = []
        for step in ordered:
            over.append({**step, "message": {"content": step["text"]}})
            if step["status"] in ("pending", "running"):
                break
        return "".join(_blocks(over, self._several and not self._managed))

    def _upto(self, text: str) -> str:
        """Return what is still to be said of the text, which has grown or was begun anew."""
        if self._shown.startswith(text):
            # A step that has begun anew: nothing is taken back before it has said something else.
            return ""
        anew = not text.startswith(self._shown)
        added = BEGUN_ANEW + text if anew else text[len(self._shown) :]
        self._shown = text
        self.said += added
        return added


def _blocks(steps: Sequence[Mapping[str, Any]], several: bool) -> Iterator[str]:
    """Yield the parts of the text that some steps make."""
    answers = [step for step in steps if step["kind"] in ("answer", "synthesis")]
    final = [s for s in answers if s["kind"] == "synthesis" and s["message"] is not None]
    if final:
        yield final[-1]["message"]["content"]
        return
    between = ""
    for step in answers:
        text = (step["message"] or {}).get("content", "")
        if not text and step["status"] != "failed":
            continue
        yield between
        between = "\n\n"
        if several:
            yield f"**{step['agent']['name']}**\n\n"
        yield text
        if step["status"] == "failed":
            why = f"({step['agent']['name']} could not answer: {step['error']['title']}.)"
            yield f"\n\n{why}" if text else why
