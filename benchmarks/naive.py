"""Plain LangGraph in FastAPI, as its tutorials have it: thread = session, messages in the state.

`python -m benchmarks.naive URL PORT FOLDER` serves on loopback until standard input ends.
Its PostgreSQL is the one that Pantheon embeds, in FOLDER.
"""

import json
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import uvloop
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.config import get_stream_writer
from langgraph.graph import END, START, MessagesState, StateGraph
from openai import AsyncOpenAI
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel

from benchmarks.serving import serve
from pantheon.ops.embedded import embedded

AGENTS = ("ada", "bo", "cy")
POOL_SIZE = 16


class Question(BaseModel):
    """A turn's body. `last` bounds how many messages of the thread the model is sent."""

    input: str
    model: str
    last: int | None = None


def agent(model_client: AsyncOpenAI, key: str) -> Callable[..., Any]:
    """Return a node that asks the model and streams what it says."""

    async def answer(state: MessagesState, config: RunnableConfig) -> dict[str, Any]:
        write = get_stream_writer()
        chosen = config["configurable"]
        known = state["messages"][-chosen["last"] :] if chosen["last"] else state["messages"]
        roles = {"human": "user", "ai": "assistant"}
        said: list[Any] = [
            {"role": roles[message.type], "content": message.content} for message in known
        ]
        stream: Any = await model_client.chat.completions.create(
            model=chosen["model"],
            messages=[{"role": "system", "content": f"You are {key}."}, *said],
            stream=True,
            stream_options={"include_usage": True},
        )
        text = []
        async for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                text.append(chunk.choices[0].delta.content)
                write({"agent": key, "text": chunk.choices[0].delta.content})
        return {"messages": [AIMessage("".join(text), name=key)]}

    return answer


def graphs(model_client: AsyncOpenAI, saver: AsyncPostgresSaver) -> dict[str, Any]:
    """Return the graphs by name: one agent, three in order, three at once."""
    made = {}
    for name, keys in (("one", AGENTS[:1]), ("in-order", AGENTS), ("at-once", AGENTS)):
        graph = StateGraph(MessagesState)
        before = START
        for key in keys:
            graph.add_node(key, agent(model_client, key))
            graph.add_edge(before, key)
            if name == "at-once":
                graph.add_edge(key, END)
            else:
                before = key
        if before is not START:
            graph.add_edge(before, END)
        made[name] = graph.compile(checkpointer=saver)
    return made


def application(model_client: AsyncOpenAI, saver: AsyncPostgresSaver) -> FastAPI:
    """Return the app: a turn is a POST that streams its answer as server-sent events."""
    app = FastAPI(openapi_url=None)
    made = graphs(model_client, saver)

    @app.post("/{graph}/{thread}")
    async def turn(graph: str, thread: str, question: Question) -> StreamingResponse:
        config = {
            "configurable": {
                "thread_id": thread,
                "model": question.model,
                "last": question.last,
            }
        }

        async def events() -> AsyncIterator[str]:
            given = {"messages": [HumanMessage(question.input)]}
            async for part in made[graph].astream(given, config, stream_mode="custom"):
                yield f"event: delta\ndata: {json.dumps(part)}\n\n"
            yield "event: done\ndata: {}\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    return app


async def main(url: str, port: int, folder: Path) -> None:
    """Serve with a PostgreSQL of our own."""
    async with (
        embedded(folder, linger_seconds=0) as server,
        AsyncConnectionPool(
            server.admin_url,
            kwargs={"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row},
            max_size=POOL_SIZE,
        ) as pool,
    ):
        saver = AsyncPostgresSaver(pool)  # type: ignore[arg-type]
        await saver.setup()
        model_client = AsyncOpenAI(base_url=url, api_key="benchmark", max_retries=0)
        await serve(application(model_client, saver), port)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
