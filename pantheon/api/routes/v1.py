"""`/v1`: the door for programs that speak with OpenAI. The same turns, ledger and limits."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Request
from pydantic import ConfigDict, Field
from starlette.responses import Response

from pantheon.accounts.roles import Who
from pantheon.agents import agents
from pantheon.api import chat, chat_shapes
from pantheon.api.answers import Json
from pantheon.api.bodies import LONGEST_TEXT, Body
from pantheon.api.chat import Pieces, Said
from pantheon.api.deps import RuntimeOf, SignedIn
from pantheon.api.idempotency import create_once
from pantheon.api.turn_answers import EVENTS, event_stream, wait_for_turn
from pantheon.base.errors import UNAVAILABLE, ProblemType
from pantheon.db.pool import Connection
from pantheon.events.follow import Frame, follow_turn
from pantheon.ops.runtime import Runtime
from pantheon.rooms import rooms
from pantheon.sessions import sessions, threads
from pantheon.turns.accept import accept_turn
from pantheon.turns.fork import fork_session
from pantheon.turns.types import TurnInput, TurnStatus
from pantheon.turns.view import view_turn

TURN_FAILED = ProblemType("turn_failed", 502, "Nobody could answer")

router = APIRouter(prefix="/v1", tags=["openai"])

MOST_LISTED = 200
STREAMED: dict[int | str, dict[str, Any]] = {200: {"content": EVENTS}}


class Lenient(Body):
    """A body in which programs send more than is read here: the agents' own parameters hold."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False, frozen=True)


class TextPart(Lenient):
    """A part of a message; there are none but texts."""

    type: Literal["text"]
    text: Annotated[str, Field(max_length=LONGEST_TEXT)]


class ChatMessage(Lenient):
    """A message of the conversation."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[str, Field(max_length=LONGEST_TEXT)] | list[TextPart]

    def said(self) -> Said:
        """Return it as plain text."""
        text = self.content
        if not isinstance(text, str):
            text = "\n".join(part.text for part in text)
        return Said(self.role, text)


class StreamOptions(Lenient):
    """What a stream carries beside the text."""

    include_usage: bool = False


class ChatCompletion(Lenient):
    """A conversation, and who is to answer: `room:<id>`, `room:<id>/<mode>`, `agent:<key>`."""

    model: Annotated[str, Field(max_length=300)]
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=2_000)]
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = None
    tools: Annotated[list[Any], Field(max_length=0)] | None = None


@router.get("/models", response_model=chat_shapes.ModelList)
async def list_chat_models(runtime: RuntimeOf, who: SignedIn) -> Json:
    """The newest rooms and agents, as models: `room:<id>` and `agent:<key>`."""
    async with runtime.db.transaction(who.workspace_id) as conn:
        found = await rooms.list_rooms(conn, who, limit=MOST_LISTED)
        known = await agents.list_agents(conn, who, limit=MOST_LISTED)
    named = [(f"room:{room['id']}", room) for room in found["items"]]
    named += [(f"agent:{agent['key']}", agent) for agent in known["items"]]
    return Json({"object": "list", "data": [_model(name, item) for name, item in named]})


@router.post("/chat/completions", response_model=chat_shapes.Completion, responses=STREAMED)
async def create_chat_completion(
    body: ChatCompletion, request: Request, runtime: RuntimeOf, who: SignedIn
) -> Response:
    """Answer a conversation as a turn of a session, in one text; with `stream` in pieces.

    A conversation that is sent back goes on in its session; a changed one in a fork of it. What
    was never said here is told to the agents as text. Parameters of models are those of the
    agents. The call waits for no approval.
    """
    target = chat.target_of(body.model)
    messages = [message.said() for message in body.messages]
    question = chat.question_of(messages)

    async def make(conn: Connection) -> Mapping[str, Any]:
        known = None
        if len(messages) > 1:
            known = await threads.find(conn, who, chat.fingerprint(body.model, messages[:-1]))
        if known is None:
            session_id = await _open(conn, who, target)
            text = chat.with_earlier(messages)
        else:
            session_id, text = await _go_on(conn, who, *known), question.text
        wanted = TurnInput(text, target.mode, approve="never")
        async with runtime.rates.counting(conn, who):
            return await accept_turn(conn, runtime.providers, who, session_id, wanted, slot=slot)

    async def render(conn: Connection, turn_id: UUID) -> Mapping[str, Any]:
        return await view_turn(conn, who, turn_id)

    async with runtime.slots.reserve(runtime.db) as slot:
        turn = await create_once(request, runtime.db, who, make, render)
    if body.stream:
        with_usage = body.stream_options is not None and body.stream_options.include_usage
        frames = _pieces(runtime, who, body.model, messages, turn, with_usage)
        return event_stream(request, who, UUID(turn["session_id"]), frames)
    limits = turn["limits"]
    turn = await wait_for_turn(request, who, turn, limits["turn_seconds"] + limits["step_seconds"])
    if not TurnStatus(turn["status"]).terminal:
        raise UNAVAILABLE(
            f"The server stops; the turn {turn['id']} goes on.", headers={"Retry-After": "5"}
        )
    text = chat.reply_of(turn)
    if not text or turn["status"] == TurnStatus.failed:
        raise TURN_FAILED(_why(turn))
    async with runtime.db.transaction(who.workspace_id) as conn:
        await _remember(conn, who, body.model, messages, text, turn)
    return Json(
        {
            **_head(turn, body.model, "chat.completion"),
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text},
                    "finish_reason": "stop",
                }
            ],
            "usage": chat.chat_usage(turn["usage"]),
        }
    )


async def _open(conn: Connection, who: Who, target: chat.Target) -> UUID:
    agent_id = None
    if target.agent_key is not None:
        agent_id = await agents.find_agent(conn, who, target.agent_key)
    session = await sessions.create_session(conn, who, room_id=target.room_id, agent_id=agent_id)
    return UUID(session["id"])


async def _go_on(conn: Connection, who: Who, session_id: UUID, turn_id: UUID) -> UUID:
    """Return the session that goes on from this turn: its own, or a fork if that has gone on."""
    session = await sessions.see(conn, who, session_id)
    if session.head_turn_id == turn_id and session.user_id == who.user_id:
        return session_id
    return UUID((await fork_session(conn, who, session_id, turn_id))["id"])


async def _remember(
    conn: Connection,
    who: Who,
    model: str,
    messages: list[Said],
    text: str,
    turn: Mapping[str, Any],
) -> None:
    said = [*messages, Said("assistant", text)]
    await threads.remember(conn, who, chat.fingerprint(model, said), UUID(turn["id"]))


async def _pieces(
    runtime: Runtime,
    who: Who,
    model: str,
    messages: list[Said],
    turn: Mapping[str, Any],
    with_usage: bool,
) -> AsyncGenerator[Frame | None]:
    """Yield a turn as chunks of a chat completion, and `[DONE]`."""
    head = _head(turn, model, "chat.completion.chunk")
    pieces = Pieces()
    yield _chunk(head, {"role": "assistant", "content": ""})
    session_id = UUID(turn["session_id"])
    following = follow_turn(runtime.db, runtime.hub, who, session_id, turn["index"], 0)
    async with aclosing(following) as frames:
        async for frame in frames:
            if frame is None:
                yield None
                continue
            data = orjson.loads(frame.data)
            if text := pieces.take(frame.event, data):
                yield _chunk(head, {"content": text})
            if frame.event == "turn.completed":
                turn = data["turn"]
    if not pieces.said or turn["status"] == TurnStatus.failed:
        error = {"message": _why(turn), "type": "turn_failed", "code": "turn_failed"}
        yield Frame(None, "", orjson.dumps({"error": error}))
        return
    async with runtime.db.transaction(who.workspace_id) as conn:
        await _remember(conn, who, model, messages, pieces.said, turn)
    yield _chunk(head, {}, "stop")
    if with_usage:
        usage = chat.chat_usage(turn["usage"])
        yield Frame(None, "", orjson.dumps({**head, "choices": [], "usage": usage}))
    yield Frame(None, "", b"[DONE]")


def _chunk(head: Mapping[str, Any], delta: Mapping[str, str], finish: str | None = None) -> Frame:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return Frame(None, "", orjson.dumps({**head, "choices": [choice]}))


def _head(turn: Mapping[str, Any], model: str, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{turn['id']}",
        "object": kind,
        "created": _seconds(turn["created_at"]),
        "model": model,
    }


def _model(name: str, item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "created": _seconds(item["created_at"]),
        "owned_by": "pantheon",
        "name": item["name"],
    }


def _seconds(moment: str) -> int:
    """Return an RFC 3339 moment as OpenAI writes it."""
    return int(datetime.fromisoformat(moment).timestamp())


def _why(turn: Mapping[str, Any]) -> str:
    """Return why nobody answered: the turn's own reason, else its steps'."""
    if turn["error"] is not None:
        return str(turn["error"]["detail"])
    errors = [step["error"]["detail"] for step in turn["steps"] if step["error"]]
    return errors[0] if errors else f"The turn {turn['id']} ended as {turn['status']}."
