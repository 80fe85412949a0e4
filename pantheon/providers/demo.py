"""The built-in demo: answers made by rule, offline and free, at a human pace."""

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zlib import crc32

import orjson

from pantheon.base import departures
from pantheon.providers.types import (
    Failure,
    Finished,
    Model,
    ModelRequest,
    Price,
    StreamEvent,
    TextDelta,
    TokenUsage,
)

WORDS_PER_SECOND = 32
WORDS_AT_ONCE = 3
CONTEXT_WINDOW = 32_768
MAX_OUTPUT_TOKENS = 2_048
FREE = Price(input=Decimal(0), output=Decimal(0), version="demo")

QUOTE = re.compile(r'<message from="([^"]+)"( status="failed")?>(.*?)</message>', re.DOTALL)
LONGEST_TOPIC = 80
GREETINGS = ("hello", "hi", "hey", "good morning", "thanks", "thank you")


@dataclass(frozen=True, slots=True)
class Voice:
    """How a demo model speaks. One opening, one body and one close are picked by the question."""

    openings: tuple[str, ...]
    bodies: tuple[str, ...]
    closes: tuple[str, ...]
    paced: bool = True


VOICES = {
    "analyst": Voice(
        (
            "Let me take “{topic}” apart.",
            "Three things decide “{topic}”.",
        ),
        (
            "First, what is wanted: a result somebody can check. Second, what it costs: time, "
            "attention and the option that is given up. Third, what is not known yet.",
            "There is a goal, a constraint and an assumption. The goal is named in the question, "
            "the constraint usually is not, and the assumption is where plans go wrong.",
        ),
        (
            "I would settle the unknowns first, because they move the other two.",
            "So I would write the assumption down and test it before anything is built.",
        ),
    ),
    "skeptic": Voice(
        (
            "I doubt that “{topic}” is the right question.",
            "Before anybody agrees on “{topic}”: what would prove us wrong?",
        ),
        (
            "The easy answer rests on the case that goes well. Ask what happens when the load is "
            "ten times higher, the data is late, or the person who knows is on holiday.",
            "Nobody has named a number yet. Without one, every answer is right, and none can be "
            "checked afterwards.",
        ),
        (
            "Show me one measurement and I will change my mind.",
            "I would do the smallest thing that can fail, and look.",
        ),
    ),
    "editor": Voice(
        (
            "In short, on “{topic}”:",
            "What I take from this about “{topic}”:",
        ),
        (
            "state the goal in one sentence, name what is unknown, try the smallest version, and "
            "decide by what it shows.",
            "agree on what counts as done, find the riskiest assumption, test it this week, and "
            "leave the rest for later.",
        ),
        (
            "That fits on one page, and it can be wrong in a useful way.",
            "Everything else is detail until that is settled.",
        ),
    ),
    "fast": Voice(
        ("About “{topic}”:",),
        ("this is the demo's answer without a pause.",),
        ("Done.",),
        paced=False,
    ),
}
FAILING = "failing"
DISCLAIMER = "(This is a demo: the text is made by rule, no model was asked.)"


class DemoProvider:
    """Models `demo/…`: the same request always gets the same answer."""

    name = "demo"
    kind = "demo"

    def encode(self, request: ModelRequest) -> bytes:
        """Return the request as JSON."""
        return orjson.dumps(
            {
                "model": request.model,
                "messages": [
                    {"role": message.role, "content": message.content}
                    for message in request.messages
                ],
                "max_output_tokens": request.max_output_tokens,
                "schema": request.structure and request.structure.schema,
            }
        )

    async def stream(self, body: bytes, request_id: str) -> AsyncGenerator[StreamEvent, None]:
        """Yield the answer, a few words at a time."""
        departures.note()
        asked = orjson.loads(body)
        voice = VOICES.get(asked["model"])
        if voice is None:
            yield _failure(asked["model"])
            return
        if asked["schema"] is not None:
            text = _decision(asked["schema"], asked["messages"])
        else:
            text = _answer(voice, asked["messages"])
        pieces = _pieces(text)
        most = asked["max_output_tokens"] or MAX_OUTPUT_TOKENS
        sent = pieces[: max(1, most // WORDS_AT_ONCE)]
        for piece in sent:
            if voice.paced and asked["schema"] is None:
                await asyncio.sleep(WORDS_AT_ONCE / WORDS_PER_SECOND)
            yield TextDelta(piece)
        read = sum(_words(message["content"]) for message in asked["messages"])
        usage = TokenUsage(input_tokens=read, output_tokens=sum(_words(piece) for piece in sent))
        reason = "stop" if len(sent) == len(pieces) else "length"
        yield Finished(reason, usage, f"demo-{request_id}")

    def models(self) -> list[Model]:
        """Return the demo's models."""
        return [self.unlisted(name) for name in (*VOICES, FAILING)]

    async def list_models(self) -> list[Model] | Failure:
        """Return the demo's models."""
        return self.models()

    def unlisted(self, name: str) -> Model:
        """Return a demo model of that name."""
        can = frozenset({"structured_outputs"})
        return Model(f"{self.name}/{name}", CONTEXT_WINDOW, MAX_OUTPUT_TOKENS, can, FREE)

    async def aclose(self) -> None:
        """Nothing is held."""


def _answer(voice: Voice, messages: list[dict[str, str]]) -> str:
    question, earlier, failed = _read(messages[-1]["content"])
    seed = crc32(question.encode("utf-8", "surrogatepass"))
    lines = [
        voice.openings[seed % len(voice.openings)].format(topic=_topic(question)),
        voice.bodies[seed // 7 % len(voice.bodies)],
    ]
    if earlier:
        lines.append(f"I have read {_names(earlier)} and build on that.")
    if failed:
        lines.append(f"{_names(failed)} could not answer, so that view is missing here.")
    lines.append(voice.closes[seed // 49 % len(voice.closes)])
    return " ".join(lines) + "\n\n" + DISCLAIMER


def _decision(schema: Mapping[str, Any], messages: list[dict[str, str]]) -> str:
    """Return what the demo's manager decides: ask everybody once; a greeting it answers itself."""
    question, earlier, failed = _read(messages[-1]["content"])
    agents = schema["properties"]["assignments"]["items"]["properties"]["agent"]["enum"]
    greets = question.strip().lower().rstrip("!.") in GREETINGS
    decision: dict[str, Any] = {
        "reason": "Everybody has spoken.",
        "action": "finish",
        "assignments": [],
        "answer": None,
    }
    if not earlier and not failed and greets:
        decision |= {"reason": "A greeting needs nobody.", "answer": f"Hello! {DISCLAIMER}"}
    elif not earlier and not failed:
        briefs = [
            {"agent": agent, "brief": f"From your own view: {_topic(question)}"} for agent in agents
        ]
        decision |= {
            "reason": "Each view is wanted once.",
            "action": "delegate",
            "assignments": briefs,
        }
    return orjson.dumps(decision).decode()


def _read(content: str) -> tuple[str, list[str], list[str]]:
    """Return the user's last question and who has answered it, or failed to, since."""
    question = content
    earlier: list[str] = []
    failed: list[str] = []
    for who, status, text in QUOTE.findall(content):
        if who == "user":
            question, earlier, failed = text, [], []
        elif status:
            failed.append(who)
        else:
            earlier.append(who)
    return question, earlier, failed


def _topic(question: str) -> str:
    line = " ".join(question.split()).replace("{", "(").replace("}", ")")
    return line if len(line) <= LONGEST_TOPIC else line[: LONGEST_TOPIC - 1].rstrip() + "…"


def _names(keys: list[str]) -> str:
    return keys[0] if len(keys) == 1 else ", ".join(keys[:-1]) + " and " + keys[-1]


def _pieces(text: str) -> list[str]:
    words = re.findall(r"\S+\s*", text)
    return ["".join(words[at : at + WORDS_AT_ONCE]) for at in range(0, len(words), WORDS_AT_ONCE)]


def _words(text: str) -> int:
    return len(text.split())


def _failure(model: str) -> Failure:
    if model == FAILING:
        return Failure(
            "demo_failure",
            "The demo fails on purpose",
            "demo/failing never answers: it shows what a failed agent looks like.",
            retryable=False,
        )
    return Failure(
        "model_not_found", "No such model", f"The demo has no model '{model}'.", retryable=False
    )
