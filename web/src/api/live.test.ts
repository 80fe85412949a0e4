import { QueryClient } from "@tanstack/react-query";
import { afterEach, describe, expect, it, vi } from "vitest";

import { makeSession, makeStep, makeTurn } from "../testing/make";
import { streamServer } from "../testing/stream";

import { runLive } from "./live";
import { timelineKey } from "./queries";
import { Texts } from "./texts";
import type { Timeline } from "./timeline";
import type { Turn } from "./types";

afterEach(() => vi.unstubAllGlobals());

function json(body: unknown): Response {
  return new Response(JSON.stringify(body), { headers: { "Content-Type": "application/json" } });
}

const page = (turns: Turn[], last_event_id: string) =>
  json({ session: makeSession(), items: turns.toReversed(), pinned: [], next_cursor: null, last_event_id });

function start(server: ReturnType<typeof streamServer>) {
  vi.stubGlobal("fetch", server.fetch);
  vi.stubGlobal("location", new URL("http://page.test/"));
  const client = new QueryClient();
  const texts = new Texts((flush) => flush());
  const stop = new AbortController();
  const done = runLive({
    client,
    texts,
    sessionId: "session",
    signal: stop.signal,
    onConnection: () => undefined,
  });
  const timeline = () => client.getQueryData<Timeline>(timelineKey("session"));
  return { texts, stop, done, timeline };
}

const running = (content: string) =>
  makeTurn("t1", {
    steps: [
      makeStep("a", { status: "running", attempts: 1, message: { id: null, content } }),
      makeStep("b", { position: 2 }),
    ],
  });
const delta = (text: string, offset: number) => ({
  session_id: "session",
  turn_id: "t1",
  step_id: "a",
  attempt: 1,
  text,
  offset,
  length: text.length,
});

describe("runLive", () => {
  it("goes on from the snapshot's text and ends with the stored turn", async () => {
    const server = streamServer(page([running("Hel")], "1.4"));
    const run = start(server);
    const stream = await server.next();
    expect(stream.lastEventId).toBe("1.4");
    stream.send("1.4", "step.delta", delta("ello", 1));
    await vi.waitFor(() => expect(run.texts.get("a")).toBe("Hello"));
    const turn = makeTurn("t1", { status: "completed" });
    stream.send("1.9", "turn.completed", { session_id: "session", turn_id: "t1", turn });
    await vi.waitFor(() => expect(run.timeline()?.turns[0]?.status).toBe("completed"));
    expect(run.texts.get("a")).toBeUndefined();
    run.stop.abort();
    await run.done;
  });

  it("reads a snapshot again after a gap, and has the whole text", async () => {
    const server = streamServer(
      page([running("")], "1.2"),
      "stream",
      page([running("Hello wor")], "1.6"),
    );
    const run = start(server);
    const first = await server.next();
    const second = server.next();
    first.send("1.5", "step.delta", delta("world", 6));
    const stream = await second;
    expect(stream.lastEventId).toBe("1.6");
    expect(first.signal.aborted).toBe(true);
    stream.send("1.6", "step.delta", delta("world!", 6));
    await vi.waitFor(() => expect(run.texts.get("a")).toBe("Hello world!"));
    run.stop.abort();
    await run.done;
  });

  it("waits for a server that is away before the first snapshot", async () => {
    const server = streamServer(new TypeError("Failed to fetch"), page([running("Hi")], "1.3"));
    const run = start(server);
    const stream = await server.next();
    expect(stream.lastEventId).toBe("1.3");
    expect(run.texts.get("a")).toBe("Hi");
    run.stop.abort();
    await run.done;
  });

  it("ends with the problem of a session that is not there", async () => {
    const gone = new Response(JSON.stringify({ code: "not_found", detail: "Gone." }), {
      status: 404,
    });
    const run = start(streamServer(gone));
    await expect(run.done).rejects.toMatchObject({ status: 404, message: "Gone." });
  });
});
