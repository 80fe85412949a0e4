import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { problem, streamServer } from "../testing/stream";

import type { LiveEvent } from "./events";
import { follow } from "./follow";
import { ApiProblem } from "./problems";

const IN_TURN = { session_id: "s1", turn_id: "t1" };

function start(server: ReturnType<typeof streamServer>, take = () => true) {
  vi.stubGlobal("fetch", server.fetch);
  const stop = new AbortController();
  const events: LiveEvent[] = [];
  const connected: boolean[] = [];
  const done = follow({
    sessionId: "s1",
    after: "3.7",
    signal: stop.signal,
    onEvent: (event) => {
      events.push(event);
      return take();
    },
    onConnection: (is) => connected.push(is),
    random: () => 0,
  });
  const failed = done.then(
    () => null,
    (error: unknown) => error,
  );
  return { stop, events, connected, done, failed };
}

const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("follow", () => {
  it("begins after the snapshot and hands over events in order, however they are cut", async () => {
    const server = streamServer();
    const run = start(server);
    await settle();
    const [connection] = server.connections;
    expect(connection?.lastEventId).toBe("3.7");
    expect(new URL(connection?.url ?? "").pathname).toBe("/api/v1/sessions/s1/events");
    const frame = `id: 4.1\nevent: turn.started\ndata: ${JSON.stringify(IN_TURN)}\n\n`;
    for (const character of `: hello\n\n${frame}`) connection?.write(character);
    connection?.send("4.2", "turn.awaiting_input", IN_TURN);
    await vi.waitFor(() => expect(run.events).toHaveLength(2));
    expect(run.events.map((event) => event.type)).toEqual(["turn.started", "turn.awaiting_input"]);
    expect(run.connected).toEqual([true]);
    run.stop.abort();
    await run.done;
    expect(connection?.signal.aborted).toBe(true);
  });

  it("drops events of kinds that it does not know, and remembers their ids", async () => {
    const server = streamServer();
    const run = start(server);
    await settle();
    server.connections[0]?.send("4.1", "step.sang", IN_TURN);
    server.connections[0]?.send("4.2", "toString", IN_TURN);
    server.connections[0]?.end();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(run.events).toEqual([]);
    expect(server.connections[1]?.lastEventId).toBe("4.2");
    run.stop.abort();
    await run.done;
  });

  it.each(["end", "break"] as const)(
    "comes back after a lost connection (%s) where it was, and says so",
    async (how) => {
      const server = streamServer();
      const run = start(server);
      await settle();
      server.connections[0]?.send("4.1", "turn.started", IN_TURN);
      await vi.waitFor(() => expect(run.events).toHaveLength(1));
      server.connections[0]?.[how]();
      await vi.waitFor(() => expect(run.connected).toEqual([true, false]));
      expect(server.connections).toHaveLength(1);
      await vi.advanceTimersByTimeAsync(125);
      expect(server.connections[1]?.lastEventId).toBe("4.1");
      expect(run.connected).toEqual([true, false, true]);
      run.stop.abort();
      await run.done;
    },
  );

  it("waits ever longer while the server is away, and again shortly after it was back", async () => {
    const away = new TypeError("Failed to fetch");
    const server = streamServer(away, away, away, "stream", away);
    const run = start(server);
    await vi.advanceTimersByTimeAsync(125 + 250);
    expect(server.connections).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(500);
    expect(server.connections).toHaveLength(1);
    server.connections[0]?.send("4.1", "turn.started", IN_TURN);
    await vi.waitFor(() => expect(run.events).toHaveLength(1));
    server.connections[0]?.end();
    await vi.waitFor(() => expect(run.connected.at(-1)).toBe(false));
    await vi.advanceTimersByTimeAsync(125 + 250);
    expect(server.connections).toHaveLength(2);
    run.stop.abort();
    await run.done;
  });

  it("honours Retry-After", async () => {
    const server = streamServer(problem(503, "unavailable", { "Retry-After": "7" }));
    const run = start(server);
    await vi.advanceTimersByTimeAsync(6_900);
    expect(server.connections).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(200);
    expect(server.connections).toHaveLength(1);
    run.stop.abort();
    await run.done;
  });

  it("takes a connection without a sign of life for lost", async () => {
    const server = streamServer();
    const run = start(server);
    await settle();
    await vi.advanceTimersByTimeAsync(30_000);
    server.connections[0]?.write(": alive\n\n");
    await vi.advanceTimersByTimeAsync(30_000);
    expect(server.connections).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(11_000);
    expect(server.connections).toHaveLength(2);
    run.stop.abort();
    await run.done;
  });

  it("knows at once that the device is offline, and goes on at once when it is not", async () => {
    const server = streamServer();
    const run = start(server);
    await settle();
    dispatchEvent(new Event("offline"));
    await vi.waitFor(() => expect(run.connected).toEqual([true, false]));
    expect(server.connections[0]?.signal.aborted).toBe(true);
    dispatchEvent(new Event("online"));
    await vi.waitFor(() => expect(server.connections).toHaveLength(2));
    run.stop.abort();
    await run.done;
  });

  it.each([
    [401, "unauthenticated"],
    [404, "not_found"],
  ])("ends with the problem when it is refused for good (%i)", async (status, code) => {
    const run = start(streamServer(problem(status, code)));
    await expect(run.failed).resolves.toMatchObject({ status, code });
    await expect(run.failed).resolves.toBeInstanceOf(ApiProblem);
  });

  it("ends when the reader is out of step", async () => {
    const server = streamServer();
    const run = start(server, () => false);
    await settle();
    server.connections[0]?.send("4.1", "stream.reset", {});
    await run.done;
    expect(server.connections[0]?.signal.aborted).toBe(true);
    expect(run.connected).toEqual([true]);
  });

  it("lets a fault of the reader through", async () => {
    const server = streamServer();
    const run = start(server, () => {
      throw new RangeError("ours");
    });
    await settle();
    server.connections[0]?.send("4.1", "turn.started", IN_TURN);
    await expect(run.failed).resolves.toBeInstanceOf(RangeError);
  });
});
