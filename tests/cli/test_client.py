"""The client against a server with a script: what breaks off, comes twice, or stays away."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from pantheon.base.errors import Problem
from pantheon.cli import client as client_module
from pantheon.cli.client import Client, Door, Event, connect

Reply = tuple[int, str, str]
"""Status, content type, body; a stream's connection is closed after the body."""

PROBLEM = json.dumps(
    {"code": "not_found", "title": "Not found", "detail": "There is no such room."}
)


class Script:
    """A server's replies, one after another, and the requests that they answered."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []

    @contextmanager
    def server(self) -> Iterator[str]:
        """Serve; the last reply is given again and again."""
        script = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                script.requests.append((self.command, self.path, headers, body))
                replies = script.replies
                status, kind, text = replies.pop(0) if len(replies) > 1 else replies[0]
                self.close_connection = True
                if status == 0:
                    return
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_POST = answer

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        served = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=served.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{served.server_address[1]}"
        finally:
            served.shutdown()
            served.server_close()


@pytest.fixture
async def ask() -> AsyncIterator[Callable[..., Any]]:
    """Open clients of scripted servers; all are closed at the end."""
    async with AsyncExitStack() as stack:

        async def open_client(script: Script) -> Client:
            url = stack.enter_context(script.server())
            return await stack.enter_async_context(connect(Door(url, {"X-Test": "yes"})))

        yield open_client


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up after a fraction of a second."""
    monkeypatch.setattr(client_module, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(client_module, "AGAIN_SECONDS", 0.3)


def stream(*frames: tuple[str, str, dict[str, Any]]) -> Reply:
    """A stream with these frames: id, event, data."""
    text = ": hello\n\n" + "".join(
        f"id: {number}\nevent: {name}\ndata: {json.dumps(data)}\n\n"
        for number, name, data in frames
    )
    return 200, "text/event-stream", text


def delta(text: str, offset: int, attempt: int = 1) -> dict[str, Any]:
    """The data of a delta."""
    return {"step_id": "s", "attempt": attempt, "text": text, "offset": offset, "length": len(text)}


async def followed(client: Client) -> tuple[list[Event], list[str]]:
    """Follow a turn to its end; return the events and what was told of trouble."""
    trouble: list[str] = []
    return [event async for event in client.follow("t", trouble.append)], trouble


END = ("1.9", "turn.completed", {"turn": {"status": "completed"}})
BEGIN = ("1.1", "step.started", {"step_id": "s", "attempt": 1})


async def test_a_stream_that_breaks_is_read_on(ask: Callable[..., Any]) -> None:
    """From the last id; text that comes again is cut, an event that is told is told once."""
    script = Script(
        stream(BEGIN, ("1.1", "step.delta", delta("Hello ", 0))),
        (503, "application/problem+json", PROBLEM),
        (0, "", ""),
        stream(("1.2", "step.delta", delta("Hello there", 0)), END),
    )
    events, trouble = await followed(await ask(script))
    assert [event.name for event in events] == [
        "step.started", "step.delta", "step.delta", "turn.completed",
    ]  # fmt: skip
    assert [event.data["text"] for event in events[1:3]] == ["Hello ", "there"]
    assert events[2].data["offset"] == 6
    assert [r[2].get("last-event-id") for r in script.requests] == [None, "1.1", "1.1", "1.1"]
    assert len(trouble) == 1
    assert "trying again" in trouble[0]


async def test_text_of_an_attempt_that_is_over_is_dropped(ask: Callable[..., Any]) -> None:
    """After `step.restarted` only the new attempt's words count."""
    script = Script(
        stream(
            BEGIN,
            ("1.1", "step.delta", delta("old", 0)),
            ("1.2", "step.restarted", {"step_id": "s", "attempt": 2}),
            ("1.2", "step.delta", delta("old words", 0, attempt=1)),
            ("1.2", "step.delta", delta("new", 0, attempt=2)),
            END,
        )
    )
    events, trouble = await followed(await ask(script))
    assert [e.data["text"] for e in events if e.name == "step.delta"] == ["old", "new"]
    assert trouble == []


@pytest.mark.usefixtures("impatient")
async def test_a_server_that_stays_away_is_given_up(ask: Callable[..., Any]) -> None:
    """The turn is not lost by that, and the reader is told so."""
    client = await ask(Script(stream(BEGIN), (503, "text/plain", "")))
    with pytest.raises(Problem, match="The turn is kept there") as caught:
        await followed(client)
    assert caught.value.kind.code == "no_server"


async def test_a_refused_stream_is_a_problem(ask: Callable[..., Any]) -> None:
    """It is not asked for again."""
    script = Script((404, "application/problem+json", PROBLEM))
    with pytest.raises(Problem, match="There is no such room"):
        await followed(await ask(script))
    assert len(script.requests) == 1


async def test_a_post_that_broke_off_is_sent_again_under_the_same_key(
    ask: Callable[..., Any],
) -> None:
    """So that it counts once, whatever the server did with the first one."""
    here = (200, "application/json", "{}")
    made = (201, "application/json", '{"id": "x"}')
    script = Script(here, (0, "", ""), (503, "text/plain", ""), made)
    client = await ask(script)
    await client.get("/info")
    assert await client.post("/rooms", {"name": "Café"}) == {"id": "x"}
    del script.requests[0]
    assert len({request[2]["idempotency-key"] for request in script.requests}) == 1
    assert {request[3] for request in script.requests} == {'{"name":"Café"}'.encode()}
    assert {request[2]["x-test"] for request in script.requests} == {"yes"}


async def test_a_list_is_read_to_its_end(ask: Callable[..., Any]) -> None:
    """Page after page."""
    pages = ['{"items": [1, 2], "next_cursor": "c2"}', '{"items": [3], "next_cursor": null}']
    script = Script(*((200, "application/json", page) for page in pages))
    assert await (await ask(script)).every("/rooms") == [1, 2, 3]
    assert script.requests[1][1] == "/api/v1/rooms?limit=200&cursor=c2"


async def test_an_answer_that_is_no_problem_is_told_as_such(ask: Callable[..., Any]) -> None:
    """Something else listens there."""
    with pytest.raises(Problem, match="status 404 and no reason") as caught:
        await (await ask(Script((404, "text/html", "<h1>Not here</h1>")))).get("/rooms")
    assert caught.value.kind is client_module.BAD_ANSWER


async def test_a_stream_that_is_none_is_told_as_such(ask: Callable[..., Any]) -> None:
    """And not waited for."""
    with pytest.raises(Problem, match="something else than events"):
        await followed(await ask(Script((200, "text/html", "<h1>Welcome</h1>"))))


@pytest.mark.usefixtures("impatient")
async def test_a_server_that_went_away_is_waited_for(ask: Callable[..., Any]) -> None:
    """For some seconds, then it is told."""
    script = Script((200, "application/json", "{}"), (0, "", ""))
    client = await ask(script)
    await client.get("/info")
    with pytest.raises(Problem, match="does not answer"):
        await client.get("/rooms")
    assert len(script.requests) > 2


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "ftp://127.0.0.1:9", "127.0.0.1:9"])
async def test_nobody_there(url: str) -> None:
    """Told at once, in words, with the address."""
    async with connect(Door(url, {})) as client:
        with pytest.raises(Problem, match=":9 does not answer"):
            await client.get("/rooms")


async def test_a_brief_login_ends_with_the_connection(ask: Callable[..., Any]) -> None:
    """What `ask` signs in, it signs out; a server that is gone is no obstacle."""
    script = Script((204, "text/plain", ""))
    with script.server() as url:
        async with connect(Door(url, {"Cookie": "c"}, brief=True)):
            pass
    assert [(method, path) for method, path, _, _ in script.requests] == [
        ("POST", "/api/v1/logout")
    ]
    async with connect(Door("http://127.0.0.1:9", {}, brief=True)):
        pass
