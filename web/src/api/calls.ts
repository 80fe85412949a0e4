/** One function for every request of the page, named after what it does. */

import { request } from "./http";
import type {
  Agent,
  Info,
  Model,
  Page,
  Provider,
  Room,
  Sent,
  Session,
  TimelinePage,
  Turn,
  TurnBody,
} from "./types";

const ALL = "limit=200";
const TURNS = "limit=20";

/** Follow a list's cursors to its end. */
async function everything<Item>(path: string, signal: AbortSignal): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | null = null;
  do {
    const from: string = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page: Page<Item> = await request("GET", `${path}?${ALL}${from}`, { signal });
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return items;
}

export const getInfo = (signal: AbortSignal) => request<Info>("GET", "/info", { signal });
export const listRooms = (signal: AbortSignal) => everything<Room>("/rooms", signal);
export const listAgents = (signal: AbortSignal) => everything<Agent>("/agents", signal);
export const listModels = (signal: AbortSignal) => everything<Model>("/models", signal);
export const listProviders = (signal: AbortSignal) => everything<Provider>("/providers", signal);

/** The newest sessions; the sidebar does not need them all. */
export const listSessions = (signal: AbortSignal) =>
  request<Page<Session>>("GET", `/sessions?${ALL}`, { signal }).then((page) => page.items);

export const logIn = (token: string) => request<unknown>("POST", "/login", { body: { token } });

export const createAgent = (body: object, key: string) =>
  request<Agent>("POST", "/agents", { body, key });
export const createRoom = (body: object, key: string) =>
  request<Room>("POST", "/rooms", { body, key });
export const seatAgent = (roomId: string, agentId: string, key: string) =>
  request<unknown>("POST", `/rooms/${roomId}/agents`, { body: { agent_id: agentId }, key });

/** Where a session can be: in a room, or with one agent. */
export type Place = { kind: "rooms" | "agents"; id: string };

export const createSession = (place: Place, key: string) =>
  request<Session>("POST", `/${place.kind}/${place.id}/sessions`, { body: {}, key });
export const renameSession = (session: Session, name: string) =>
  request<Session>("PATCH", `/sessions/${session.id}`, { body: { name } });
export const deleteSession = (sessionId: string) =>
  request<undefined>("DELETE", `/sessions/${sessionId}`);
export const forkSession = (sessionId: string, turnId: string, key: string) =>
  request<Session>("POST", `/sessions/${sessionId}/fork`, { body: { turn_id: turnId }, key });

export const getTimeline = (sessionId: string, signal: AbortSignal) =>
  request<TimelinePage>("GET", `/sessions/${sessionId}/timeline?${TURNS}`, { signal });
export const getOlder = (sessionId: string, cursor: string) =>
  request<TimelinePage>(
    "GET",
    `/sessions/${sessionId}/timeline?${TURNS}&cursor=${encodeURIComponent(cursor)}`,
  );
export const getSent = (stepId: string, signal: AbortSignal) =>
  request<Sent>("GET", `/steps/${stepId}/context`, { signal });

export const sendTurn = (sessionId: string, body: TurnBody, key: string) =>
  request<Turn>("POST", `/sessions/${sessionId}/turns`, { body, key });
export const cancelTurn = (turnId: string, when: "now" | "after_step") =>
  request<unknown>("POST", `/turns/${turnId}/cancel`, { body: { when } });
/** Run `stepIds` again, or all that are not completed; the rest is taken over. */
export const retryTurn = (turnId: string, stepIds: string[] | undefined, key: string) =>
  request<Turn>("POST", `/turns/${turnId}/retry`, { body: stepIds ? { steps: stepIds } : {}, key });
/** Run a step and all after it again, by default with the same models. */
export const rerunFrom = (
  turnId: string,
  stepId: string,
  models: Record<string, string>,
  key: string,
) =>
  request<Turn>("POST", `/turns/${turnId}/rerun`, { body: { from_step: stepId, models }, key });
