"""Streams over real HTTP: in order, resumed, watched over, ended in time."""

import asyncio

import psycopg
import pytest

from pantheon.api import sse
from pantheon.api.app import create_app
from pantheon.base import metrics
from pantheon.base.errors import UNAVAILABLE
from pantheon.events import follow
from pantheon.events.follow import Frame
from pantheon.ops.runtime import open_runtime
from tests.api.checks import events_of, problem
from tests.api.conftest import ask, client_of, open_session


def open_streams() -> float:
    return metrics.REGISTRY.get_sample_value("pantheon_streams_open") or 0


async def until(condition) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come")


def test_a_frame_goes_over_the_wire_as_the_standard_has_it():
    frame = Frame("3.14", "step.delta", b'{"text":"a\\nb"}')
    assert sse.encode(frame) == b'id: 3.14\nevent: step.delta\ndata: {"text":"a\\nb"}\n\n'
    assert sse.encode(Frame(None, "stream.reset", b"{}")) == b"event: stream.reset\ndata: {}\n\n"


def test_a_long_frame_goes_in_pieces(monkeypatch):
    monkeypatch.setattr(sse, "PIECE_BYTES", 4)
    frame = Frame("3.14", "step.delta", b'{"text":1}')
    sent = list(sse.pieces(frame))
    assert b"".join(sent) == sse.encode(frame)
    assert [len(piece) for piece in sent[1:]] == [4, 4, 2, 2]
    short = Frame("3.15", "step.delta", b"{}")
    assert list(sse.pieces(short)) == [sse.encode(short)]


async def test_a_turns_events_come_in_order_and_end_with_the_turn(api, worker):
    session = await open_session(api, agents=3)
    turn = await ask(api, session)
    async with api.client.stream("GET", f"/api/v1/turns/{turn['id']}/events") as stream:
        assert stream.status_code == 200
        assert stream.headers["cache-control"] == "no-store, no-transform"
        assert stream.headers["x-accel-buffering"] == "no"
        events = [event async for event in events_of(stream)]
    assert events[0].name == "turn.created"
    assert events[-1].name == "turn.completed"
    seqs = [int(event.id.split(".")[1]) for event in events]
    assert seqs == sorted(seqs)
    assert {event.data["turn_id"] for event in events} == {turn["id"]}
    said: dict[str, str] = {}
    for event in events:
        if event.name == "step.delta":
            so_far = said.get(event.data["step_id"], "")
            assert event.data["offset"] == len(so_far)
            said[event.data["step_id"]] = so_far + event.data["text"]
    last = events[-1].data["turn"]
    assert said == {step["id"]: step["message"]["content"] for step in last["steps"]}
    assert last == (await api.client.get(f"/api/v1/turns/{turn['id']}")).json()


async def test_a_reader_that_comes_back_misses_nothing_and_gets_no_event_twice(api, worker):
    session = await open_session(api, agents=3)
    turn = await ask(api, session)
    path = f"/api/v1/turns/{turn['id']}/events"
    seen, last_id = [], None
    while not seen or seen[-1].name != "turn.completed":
        headers = {"Last-Event-ID": last_id} if last_id else {}
        async with api.client.stream("GET", path, headers=headers) as stream:
            async for event in events_of(stream):
                seen.append(event)
                last_id = event.id
                if event.name != "step.delta":
                    break
    names = [event.name for event in seen if event.name != "step.delta"]
    whole = [f"step.{what}" for _ in range(3) for what in ("started", "completed")]
    assert names == ["turn.created", "turn.started", *whole, "turn.completed"]
    # All of it was given: there is nothing to come back for.
    done = await api.client.get(path, headers={"Last-Event-ID": last_id})
    assert (done.status_code, done.content) == (204, b"")
    again = await api.client.get(path, params={"last_event_id": "0.0"})
    assert again.text.count("event: turn.completed") == 1


async def test_a_sessions_stream_goes_on_from_turn_to_turn(api, worker):
    session = await open_session(api, agents=1)
    created = []
    async with api.client.stream("GET", f"/api/v1/sessions/{session['id']}/events") as stream:
        events = events_of(stream)
        for _ in range(2):
            await ask(api, session)
            while (event := await anext(events)).name != "turn.completed":
                if event.name == "turn.created":
                    created.append(event.data["turn"]["index"])
    assert created == [1, 2]


async def test_an_open_stream_gives_signs_of_life(api, monkeypatch):
    monkeypatch.setattr(follow, "HEARTBEAT_SECONDS", 0.05)
    session = await open_session(api, agents=1)
    async with api.client.stream("GET", f"/api/v1/sessions/{session['id']}/events") as stream:
        events = events_of(stream)
        assert [await anext(events) for _ in range(3)] == [None, None, None]


@pytest.mark.parametrize("how", ["revoked", "deleted"])
async def test_a_stream_ends_when_its_reader_may_not_read_any_more(api, monkeypatch, how):
    monkeypatch.setattr(follow, "HEARTBEAT_SECONDS", 0.05)
    session = await open_session(api, agents=1)
    made = await api.client.post("/api/v1/keys", json={"name": "r", "scopes": ["read"]})
    headers = {"Authorization": f"Bearer {made.json()['token']}"}
    path = f"/api/v1/sessions/{session['id']}/events"
    gone = path.removesuffix("/events") if how == "deleted" else made.headers["location"]
    async with asyncio.timeout(10), api.client.stream("GET", path, headers=headers) as stream:
        events = events_of(stream)
        assert await anext(events) is None
        assert (await api.client.delete(gone)).status_code == 204
        assert [event async for event in events if event is not None] == []


async def test_a_busy_stream_is_watched_over_as_well(api, worker, monkeypatch):
    # The text comes faster than signs of life are due.
    monkeypatch.setattr(sse, "HEARTBEAT_SECONDS", 0.05)
    session = await open_session(api, agents=1, model="demo/analyst")
    turn = await ask(api, session)
    made = await api.client.post("/api/v1/keys", json={"name": "r", "scopes": ["read"]})
    headers = {"Authorization": f"Bearer {made.json()['token']}"}
    path = f"/api/v1/turns/{turn['id']}/events"
    async with asyncio.timeout(10), api.client.stream("GET", path, headers=headers) as stream:
        events = events_of(stream)
        while (await anext(events)).name != "step.delta":
            pass
        await api.client.delete(made.headers["location"])
        assert "turn.completed" not in [event.name async for event in events]


async def test_a_reader_that_leaves_is_let_go_at_once(api):
    session = await open_session(api, agents=1)
    before = open_streams()
    async with api.client.stream("GET", f"/api/v1/sessions/{session['id']}/events"):
        await until(lambda: open_streams() == before + 1 and api.runtime.hub.followers == 1)
    await until(lambda: open_streams() == before and api.runtime.hub.followers == 0)


async def test_a_server_that_closes_ends_its_streams_cleanly(api):
    session = await open_session(api, agents=1)
    path = f"/api/v1/sessions/{session['id']}/events"
    async with asyncio.timeout(10), api.client.stream("GET", path) as stream:
        api.closing.set()
        # No error: the end of the answer is an end, not a broken connection.
        assert await stream.aread() == b""
    assert api.runtime.hub.followers == 0


@pytest.mark.parametrize("error", [psycopg.OperationalError("gone"), UNAVAILABLE("away")])
async def test_a_stream_ends_cleanly_when_the_database_goes_away(error):
    async def frames():
        yield Frame("1.1", "turn.created", b"{}")
        raise error

    async def may_read() -> bool:
        return True

    async def client_stays():
        await asyncio.Event().wait()

    sent: list[dict] = []

    async def send(message):
        sent.append(message)

    stream = sse.EventStream(frames(), may_read, asyncio.Event())
    await asyncio.wait_for(stream({"type": "http"}, client_stays, send), 10)
    assert [message["type"] for message in sent] == ["http.response.start"] + [
        "http.response.body"
    ] * 2
    assert sent[1]["body"] == b"id: 1.1\nevent: turn.created\ndata: {}\n\n"
    assert sent[2] == {"type": "http.response.body", "body": b"", "more_body": False}


async def test_a_defect_breaks_the_stream_off():
    async def frames():
        yield Frame("1.1", "turn.created", b"{}")
        raise KeyError("a defect")

    async def may_read() -> bool:
        return True

    async def client_stays():
        await asyncio.Event().wait()

    async def send(_):
        pass

    stream = sse.EventStream(frames(), may_read, asyncio.Event())
    with pytest.raises(KeyError):
        await asyncio.wait_for(stream({"type": "http"}, client_stays, send), 10)


async def test_streams_are_refused_as_anything_else_is(api, anonymous):
    session = await open_session(api, agents=1)
    path = f"/api/v1/sessions/{session['id']}/events"
    problem(await anonymous.get(path), 401, "unauthenticated")
    stranger = path.replace(session["id"][:4], "ffff")
    problem(await api.client.get(stranger), 404, "not_found")


async def test_many_readers_see_the_same(api, worker):
    session = await open_session(api, agents=2, model="demo/editor")
    turn = await ask(api, session)
    path = f"/api/v1/turns/{turn['id']}/events"

    async def read() -> tuple[str, dict]:
        text = ""
        async with api.client.stream("GET", path) as stream:
            async for event in events_of(stream):
                if event.name == "step.delta":
                    text += event.data["text"]
        return text, event.data["turn"]

    read_by = await asyncio.gather(*(read() for _ in range(10)))
    text = "".join(step["message"]["content"] for step in read_by[0][1]["steps"])
    assert read_by == [(text, read_by[0][1])] * 10


async def test_a_changed_session_is_told_to_its_readers(api, runtime, settings, server):
    """To those of this process and of others, without a number; a turn's readers are not told."""
    session = await open_session(api, agents=1)
    path = f"/api/v1/sessions/{session['id']}"
    async with open_runtime(settings, server, environment={}) as elsewhere:
        app = create_app(elsewhere)
        async with (
            client_of(app, headers={"Authorization": f"Bearer {api.key}"}) as far,
            api.client.stream("GET", f"{path}/events") as here,
            far.stream("GET", f"{path}/events") as there,
        ):
            await until(lambda: runtime.hub.followers == elsewhere.hub.followers == 1)
            changed = await api.client.patch(path, json={"name": "Another name"})
            for stream in (here, there):
                async for event in events_of(stream):
                    if event is None:
                        continue
                    assert (event.id, event.name) == (None, "session.updated")
                    assert event.data == {"session_id": session["id"], "session": changed.json()}
                    break
            app.state.shared.closing.set()
