/** A server for tests of screens: what it answers by "METHOD /path", and what it was asked. */

import { vi } from "vitest";

import type { Agent, Room, RoomAgent } from "../api/types";

import { problem } from "./stream";

export interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  ifMatch: string | null;
  key: string | null;
  body: unknown;
}

type Answer = (asked: Asked) => Response | Promise<Response>;

export const json = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), {
    status,
    headers: { "Content-Type": "application/json", ...headers },
  });

export const items = (list: unknown[]) => () => json({ items: list, next_cursor: null });

export function makeAgent(key: string, part: Partial<Agent> = {}): Agent {
  return {
    id: `agent-${key}`,
    key,
    name: `${key[0]?.toUpperCase()}${key.slice(1)}`,
    color: 1,
    model: "demo/analyst",
    role_prompt: "You answer.",
    parameters: {},
    tools: [],
    context: { policy: "everything" },
    created_at: "2026-01-01T00:00:00Z",
    updated_at: "2026-01-01T00:00:00Z",
    version: 1,
    ...part,
  };
}

export function makeSeat(key: string, position: number, part: Partial<RoomAgent> = {}): RoomAgent {
  const { id, name, color, model } = makeAgent(key);
  return { agent_id: id, key, name, color, model, position, muted: false, context: null, ...part };
}

export function makeRoom(part: Partial<Room> = {}): Room {
  return {
    id: "room",
    name: "Launch review",
    goal: null,
    mode: "roundtable",
    mentions: "override",
    order: "parallel",
    approve: "never",
    manager: null,
    limits: {},
    summary_model: null,
    agents: [makeSeat("analyst", 1), makeSeat("skeptic", 2)],
    created_at: "2026-01-01T00:00:00Z",
    updated_at: "2026-01-01T00:00:00Z",
    version: 1,
    ...part,
  };
}

/** Replace `fetch` by a server with a room of two agents; `answers` come before its own. */
export function serve(answers: Record<string, Answer> = {}): Asked[] {
  const asked: Asked[] = [];
  const all: Record<string, Answer> = {
    "GET /api/v1/info": () =>
      json({
        version: "1.2.3",
        modes: ["direct", "manual", "roundtable", "orchestrator"],
        features: [],
        user: { id: "user", name: "Owner", role: "owner", scopes: [] },
        workspace: { id: "w", name: "My workspace" },
      }),
    "GET /api/v1/rooms": items([makeRoom()]),
    "GET /api/v1/rooms/room": () => json(makeRoom()),
    "GET /api/v1/agents": items([makeAgent("analyst"), makeAgent("skeptic", { color: 2 })]),
    "GET /api/v1/models": items([]),
    "GET /api/v1/providers": items([]),
    "GET /api/v1/sessions": items([]),
    ...answers,
  };
  vi.stubGlobal("fetch", async (input: string | Request, init?: RequestInit) => {
    const url = typeof input === "string" ? input : input.url;
    const request = typeof input === "string" ? undefined : input;
    const { pathname: path, searchParams: query } = new URL(url, "http://page.test");
    // A stream that stays open and says nothing.
    if (path.endsWith("/events")) return new Response(new ReadableStream());
    const text = (await request?.text()) ?? "";
    const one: Asked = {
      method: request?.method ?? init?.method ?? "GET",
      path,
      query,
      ifMatch: request?.headers.get("If-Match") ?? null,
      key: request?.headers.get("Idempotency-Key") ?? null,
      body: text === "" ? undefined : JSON.parse(text),
    };
    asked.push(one);
    return (await all[`${one.method} ${path}`]?.(one)) ?? problem(404, "not_found");
  });
  vi.stubGlobal("matchMedia", (query: string) => ({
    matches: query.includes("fine"),
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  }));
  return asked;
}

/** What was changed: the requests that are no GET. */
export const changes = (asked: Asked[]) =>
  asked
    .filter((one) => one.method !== "GET")
    .map(({ method, path, ifMatch, body }) => [`${method} ${path}`, ifMatch, body]);
