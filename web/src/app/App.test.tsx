import { cleanup, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { setPreferences } from "../lib/preferences";
import { makeApproval, makeSession, makeStep, makeTurn } from "../testing/make";
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
const ROOM = {
  id: "room",
  name: "Launch review",
  goal: null,
  mode: "roundtable",
  limits: {},
  agents: SEATS,
};
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
      json({ session: SESSION, items: [], pinned: [], next_cursor: null, last_event_id: "0.0" }),
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
    if (text !== "") await user.type(box, text);
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
    expect(screen.getByRole("button", { name: "Send after this turn" })).toBeTruthy();
  });

  it("lets one more message wait for the end of the turn, and gives it back", async () => {
    answers["POST /api/v1/sessions/s1/turns"] = () =>
      json(makeTurn("t1", { session_id: "s1" }), 201);
    const { user, box } = await write("First");
    await user.keyboard("{Enter}");
    await screen.findByRole("button", { name: "Send after this turn" });
    await user.type(box, "Second{Enter}");
    expect(screen.getByText("Second")).toBeTruthy();
    expect(box.value).toBe("");
    await user.type(box, "Third{Enter}");
    expect(turns()).toHaveLength(1);
    await user.click(screen.getByRole("button", { name: "Edit the waiting message" }));
    expect(box.value).toBe("Second\n\nThird");
    expect(turns()).toHaveLength(1);
  });

  it("asks a question anew, from the empty box on", async () => {
    const old = makeTurn("t1", { session_id: "s1", status: "completed", finished_at: "x" });
    answers["GET /api/v1/sessions/s1/timeline"] = () =>
      json({ session: SESSION, items: [old], pinned: [], next_cursor: null, last_event_id: "1.1" });
    answers["POST /api/v1/turns/t1/rerun"] = () =>
      json(makeTurn("t2", { session_id: "s1", index: 2, input: "What then?" }), 201);
    const { user } = await write("");
    await user.keyboard("{ArrowUp}");
    const edit = await screen.findByRole("textbox", { name: "Edit and ask again" });
    await user.clear(edit);
    await user.type(edit, "What then?{Enter}");
    await screen.findByText("What then?");
    expect(asked.find((one) => one.path.endsWith("/rerun"))?.body).toEqual({ input: "What then?" });
    expect(screen.queryByText("What now?")).toBeNull();
  });

  it("goes to another try of an answer", async () => {
    const step = makeStep("s-b", {
      status: "completed",
      message: { id: "m", content: "Second try" },
      siblings: ["s-a"],
      attempts: 1,
    });
    const now = makeTurn("t2", {
      session_id: "s1",
      index: 2,
      mode: "direct",
      status: "completed",
      steps: [step],
    });
    const before = makeTurn("t1", {
      session_id: "s1",
      status: "completed",
      mode: "direct",
      steps: [{ ...step, id: "s-a", siblings: ["s-b"], message: { id: "n", content: "First try" } }],
    });
    let head = now;
    const page = (list: unknown[]) =>
      json({
        session: { ...SESSION, head_turn_id: head.id },
        items: list,
        next_cursor: null,
        pinned: [],
        last_event_id: "2.1",
      });
    let all = false;
    answers["GET /api/v1/sessions/s1/timeline"] = () => {
      const answer = page(all ? [now, before] : [head]);
      all = false;
      return answer;
    };
    answers["PATCH /api/v1/sessions/s1"] = ({ body }) => {
      expect(body).toEqual({ head_turn_id: "t1" });
      head = before;
      return json({ ...SESSION, head_turn_id: "t1" });
    };
    const { user } = await write("");
    await screen.findByText("Try 2 of 2");
    all = true;
    await user.click(screen.getByRole("button", { name: "Try before" }));
    await screen.findByText("First try");
    expect(screen.getByText("Try 1 of 2")).toBeTruthy();
  });

  it("moves between answers with J and K and shows what was sent with S, unless that is off", async () => {
    const done = { status: "completed", attempts: 1, message: { id: "m", content: "Yes" } } as const;
    const turn = makeTurn("t1", {
      session_id: "s1",
      status: "completed",
      steps: [makeStep("a", done), makeStep("b", { ...done, position: 2 })],
    });
    answers["GET /api/v1/sessions/s1/timeline"] = () =>
      json({ session: SESSION, items: [turn], pinned: [], next_cursor: null, last_event_id: "1.1" });
    const { user } = await write("");
    screen.getByRole("article", { name: "A" }).focus();
    await user.keyboard("j");
    expect(document.activeElement).toBe(screen.getByRole("article", { name: "B" }));
    await user.keyboard("k");
    expect(document.activeElement).toBe(screen.getByRole("article", { name: "A" }));
    setPreferences({ shortcuts: false });
    await user.keyboard("js");
    expect(document.activeElement).toBe(screen.getByRole("article", { name: "A" }));
    setPreferences({ shortcuts: true });
    await user.keyboard("s");
    await screen.findByRole("complementary", { name: "What was sent to A" });
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

  it("tells what the message would cost once the typing pauses, and why it would be refused", async () => {
    const range = { low: 2, high: 2 };
    const forecast = {
      mode: "roundtable",
      agents: [],
      calls: range,
      tokens: range,
      cost_usd: { low: "0.041000", high: "0.180000" },
      credits: { low: "0", high: "0" },
      unpriced: [],
      warnings: [],
    };
    const path = "/api/v1/sessions/s1/turns/forecast";
    answers[`POST ${path}`] = ({ body }) =>
      (body as { input: string }).input === "Hello"
        ? json(forecast)
        : problem(422, "context_budget_exceeded");
    const { user, box } = await write("Hello");
    const note = await screen.findByText("$0.041–0.18", { exact: false });
    expect(note.textContent).toBe("Analyst and Skeptic answer, $0.041–0.18");
    expect(asked.filter((one) => one.path === path).map((one) => one.body)).toEqual([
      { input: "Hello" },
    ]);
    await user.type(box, " there");
    await screen.findByText("It says context_budget_exceeded.");
    expect(screen.queryByText("$0.041–0.18", { exact: false })).toBeNull();
    await user.clear(box);
    await waitFor(() => expect(screen.queryByText(/It says/)).toBeNull());
  });

  it("gives the user's word once, and reads anew where it was given already", async () => {
    const approval = makeApproval("approve1");
    const waits = makeTurn("t1", { session_id: "s1", status: "awaiting_input", approval });
    const over = makeTurn("t1", { session_id: "s1", status: "completed" });
    let readings = 0;
    answers["GET /api/v1/sessions/s1/timeline"] = () => {
      readings += 1;
      const turn = readings === 1 ? waits : over;
      return json({ session: SESSION, items: [turn], pinned: [], next_cursor: null, last_event_id: "1.2" });
    };
    answers["POST /api/v1/turns/t1/approval"] = () => problem(409, "approval_closed");
    const user = open("/s/s1");
    await user.type(await screen.findByRole("textbox", { name: "Message" }), "Meanwhile");
    await user.type(screen.getByRole("textbox", { name: "Say something first" }), "Be brief.");
    await user.click(screen.getByRole("button", { name: "Continue" }));
    expect((await screen.findByRole("alert")).textContent).toContain("decided already");
    await waitFor(() => expect(screen.queryByRole("button", { name: "Continue" })).toBeNull());
    const words = asked.filter((one) => one.path.endsWith("/approval"));
    expect(words.map((one) => one.body)).toEqual([
      { id: "approve1", action: "approve", note: "Be brief." },
    ]);
    expect(screen.getByRole<HTMLTextAreaElement>("textbox", { name: "Message" }).value).toBe(
      "Meanwhile",
    );
  });

  it("offers the orchestrator where the server has it and the room a goal", async () => {
    open("/s/s1");
    await screen.findByRole("radio", { name: "Round table" });
    expect(screen.queryByRole("radio", { name: "Orchestrator" })).toBeNull();
    cleanup();
    const all = ["direct", "manual", "roundtable", "orchestrator"];
    const told = await answers["GET /api/v1/info"]?.({ method: "", path: "", key: "", body: "" });
    const info = (await told?.json()) as object;
    answers["GET /api/v1/info"] = () => json({ ...info, modes: all });
    open("/s/s1");
    await screen.findByRole("radio", { name: "Round table" });
    expect(screen.queryByRole("radio", { name: "Orchestrator" })).toBeNull();
    cleanup();
    answers["GET /api/v1/rooms"] = items([{ ...ROOM, goal: "Decide.", mentions: "override" }]);
    open("/s/s1");
    expect(await screen.findByRole("radio", { name: "Orchestrator" })).toBeTruthy();
  });

  it("stops the running turn", async () => {
    const turn = makeTurn("t1", { session_id: "s1", steps: [makeStep("analyst")] });
    answers["GET /api/v1/sessions/s1/timeline"] = () =>
      json({ session: SESSION, items: [turn], pinned: [], next_cursor: null, last_event_id: "1.2" });
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
