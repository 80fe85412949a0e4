import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { makeSession, makeStep, makeTurn } from "../testing/make";
import { problem } from "../testing/stream";

import { App } from "./App";

interface Asked {
  method: string;
  path: string;
  key: string | null;
  body: unknown;
}

let asked: Asked[];
let answers: Record<string, (asked: Asked) => Response | Promise<Response>>;

const json = (body: unknown, status = 200) =>
  new Response(JSON.stringify(body), {
    status,
    headers: { "Content-Type": "application/json" },
  });
const items = (list: unknown[]) => () => json({ items: list, next_cursor: null });

const SEATS = ["analyst", "skeptic"].map((key, index) => ({
  agent_id: `agent-${key}`,
  key,
  name: key[0]?.toUpperCase() + key.slice(1),
  color: index + 1,
  model: "demo/analyst",
  position: index + 1,
  muted: false,
  context: null,
}));
const ROOM = { id: "room", name: "Launch review", goal: null, mode: "roundtable", agents: SEATS };
const SESSION = makeSession({ id: "s1" });

beforeEach(() => {
  asked = [];
  answers = {
    "GET /api/v1/info": () =>
      json({
        version: "1.2.3",
        modes: ["direct", "manual", "roundtable"],
        features: [],
        user: { id: "user", name: "Owner", role: "owner", scopes: [] },
        workspace: { id: "w", name: "My workspace" },
      }),
    "GET /api/v1/rooms": items([{ ...ROOM, mentions: "override", order: "parallel" }]),
    "GET /api/v1/agents": items([]),
    "GET /api/v1/models": items([]),
    "GET /api/v1/providers": items([]),
    "GET /api/v1/sessions": items([SESSION]),
    "GET /api/v1/sessions/s1/timeline": () =>
      json({ session: SESSION, items: [], next_cursor: null, last_event_id: "0.0" }),
    "GET /readyz": () => json({ status: "ok", checks: { database: { ok: true, detail: "" } } }),
  };
  vi.stubGlobal("fetch", async (input: string | Request, init?: RequestInit) => {
    const url = typeof input === "string" ? input : input.url;
    const request = typeof input === "string" ? undefined : input;
    const method = request?.method ?? init?.method ?? "GET";
    const path = new URL(url, "http://page.test").pathname;
    // A stream that stays open and says nothing.
    if (path.endsWith("/events")) return new Response(new ReadableStream());
    const text = (await request?.text()) ?? "";
    const body: unknown = text === "" ? undefined : JSON.parse(text);
    const one = { method, path, key: request?.headers.get("Idempotency-Key") ?? null, body };
    asked.push(one);
    return (await answers[`${method} ${path}`]?.(one)) ?? problem(404, "not_found");
  });
  vi.stubGlobal("matchMedia", (query: string) => ({
    matches: query.includes("fine"),
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  }));
});
afterEach(() => {
  vi.unstubAllGlobals();
  history.replaceState(null, "", "/");
});

function open(path: string) {
  history.replaceState(null, "", path);
  render(<App />);
  return userEvent.setup();
}

describe("signing in", () => {
  it("posts what stands after #, takes it out of the address and goes on", async () => {
    answers["POST /api/v1/login"] = () => new Response(null, { status: 204 });
    open("/login#secret-token");
    await screen.findByRole("heading", { name: /New session/ });
    expect(asked.find((one) => one.path === "/api/v1/login")?.body).toEqual({
      token: "secret-token",
    });
    expect(location.hash).toBe("");
    expect(location.pathname).toBe("/s/s1");
  });

  it("says what to do when the link does not work", async () => {
    answers["POST /api/v1/login"] = () => problem(401, "unauthenticated");
    open("/login#old");
    expect((await screen.findByRole("alert")).textContent).toContain("pantheon open");
    expect(location.hash).toBe("");
  });

  it("shows who is signed out how to sign in", async () => {
    answers["GET /api/v1/info"] = () => problem(401, "unauthenticated");
    open("/s/s1");
    await screen.findByRole("heading", { name: "You are signed out" });
  });
});

describe("a session", () => {
  async function write(text: string) {
    const user = open("/s/s1");
    const box = await screen.findByRole<HTMLTextAreaElement>("textbox", { name: "Message" });
    await user.type(box, text);
    return { user, box };
  }
  const turns = () => asked.filter((one) => one.path.endsWith("/turns"));

  it("is empty at first, and sends a message with a key", async () => {
    const turn = makeTurn("t1", {
      session_id: "s1",
      status: "queued",
      steps: [makeStep("analyst"), makeStep("skeptic", { position: 2 })],
    });
    answers["POST /api/v1/sessions/s1/turns"] = () => json(turn, 201);
    const { user, box } = await write("Go or no-go?");
    expect(screen.getByRole("heading", { name: "Ask Launch review" })).toBeTruthy();
    expect(screen.getByText("Analyst and Skeptic answer")).toBeTruthy();
    await user.keyboard("{Enter}");
    await screen.findByRole("article", { name: "ANALYST" });
    expect(turns()).toMatchObject([{ body: { input: "Go or no-go?" } }]);
    expect(turns()[0]?.key).toMatch(/^[0-9a-f-]{36}$/);
    expect(box.value).toBe("");
    expect(screen.getByRole("button", { name: "Sends after this turn" })).toBeTruthy();
  });

  it("keeps the draft and the key when nobody answers, and both go when somebody does", async () => {
    let replies = 0;
    answers["POST /api/v1/sessions/s1/turns"] = () => {
      replies += 1;
      if (replies === 1) throw new TypeError("Failed to fetch");
      return problem(422, "no_valid_mention");
    };
    const { user, box } = await write("Hello");
    await user.keyboard("{Enter}");
    expect((await screen.findByRole("alert")).textContent).toContain("cannot be reached");
    expect(box.value).toBe("Hello");
    await user.type(box, "{Enter}");
    await waitFor(() => expect(screen.getByRole("alert").textContent).toContain("It says"));
    await user.type(box, "{Enter}");
    await waitFor(() => expect(turns()).toHaveLength(3));
    const [first, second, third] = turns().map((one) => one.key);
    expect(second).toBe(first);
    expect(third).not.toBe(second);
    expect(box.value).toBe("Hello");
  });

  it("sends the mode that was picked, and none that was not", async () => {
    answers["POST /api/v1/sessions/s1/turns"] = () => problem(409, "turn_in_progress");
    const { user, box } = await write("Hello");
    await user.click(screen.getByRole("radio", { name: "Tag" }));
    await user.type(box, "{Enter}");
    await user.click(screen.getByRole("radio", { name: "Round table" }));
    await user.type(box, "{Enter}");
    await waitFor(() => expect(turns()).toHaveLength(2));
    expect(turns().map((one) => one.body)).toEqual([
      { input: "Hello", mode: "manual" },
      { input: "Hello" },
    ]);
  });

  it("stops the running turn", async () => {
    const turn = makeTurn("t1", { session_id: "s1", steps: [makeStep("analyst")] });
    answers["GET /api/v1/sessions/s1/timeline"] = () =>
      json({ session: SESSION, items: [turn], next_cursor: null, last_event_id: "1.2" });
    answers["POST /api/v1/turns/t1/cancel"] = () => json({}, 202);
    const user = open("/s/s1");
    const [stop] = await screen.findAllByRole("button", { name: "Stop turn" });
    if (stop) await user.click(stop);
    await screen.findAllByRole("button", { name: "Stopping" });
    expect(asked.find((one) => one.path.endsWith("/cancel"))?.body).toEqual({ when: "now" });
  });

  it("that is gone says so", async () => {
    open("/s/other");
    expect((await screen.findByRole("alert")).textContent).toContain("not there any more");
  });
});

it("opens a room from the first steps, in a session in which nothing was said yet", async () => {
  answers["GET /api/v1/sessions"] = items([]);
  answers["POST /api/v1/rooms/room/sessions"] = () => json(SESSION, 201);
  const user = open("/");
  await user.click(await screen.findByRole("button", { name: "Open room" }));
  await screen.findByRole("heading", { name: "Ask Launch review" });
  expect(location.pathname).toBe("/s/s1");
  await screen.findByRole("link", { name: "New session" });
});
