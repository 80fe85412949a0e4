/** Requests that set a workspace up: rooms and their seats, agents, API keys. */

import { answer, answerWithVersion, http, ifMatch } from "./http";
import type {
  Agent,
  AgentChange,
  Context,
  NewAgent,
  NewRoom,
  NewKey,
  Room,
  RoomChange,
  SeatChange,
} from "./types";

const keyed = (key: string) => ({ "Idempotency-Key": key });

export const createAgent = (body: NewAgent, key: string) =>
  answer(
    http.POST("/api/v1/agents", { params: { header: keyed(key) }, body }),
  ) as Promise<Agent>;
export const changeAgent = ({ id, version }: Agent, body: AgentChange) =>
  answer(
    http.PATCH("/api/v1/agents/{agent_id}", {
      params: { path: { agent_id: id }, header: ifMatch(version) },
      body,
    }),
  ) as Promise<Agent>;
/** The role prompts that an agent has had, the newest first. */
export const listPrompts = (agentId: string, signal: AbortSignal) =>
  answer(
    http.GET("/api/v1/agents/{agent_id}/prompts", {
      params: { path: { agent_id: agentId }, query: { limit: 50 } },
      signal,
    }),
  ).then((page) => page.items);
export const deleteAgent = ({ id, version }: Agent) =>
  answer(
    http.DELETE("/api/v1/agents/{agent_id}", {
      params: { path: { agent_id: id }, header: ifMatch(version) },
    }),
  );
/** One tiny call to the agent's model; it is in the ledger. */
export const testAgent = (agentId: string, key: string) =>
  answer(
    http.POST("/api/v1/agents/{agent_id}/test", {
      params: { path: { agent_id: agentId } },
      headers: keyed(key),
    }),
  );

export const getRoom = (roomId: string, signal?: AbortSignal) =>
  answer(
    http.GET("/api/v1/rooms/{room_id}", { params: { path: { room_id: roomId } }, signal }),
  ) as Promise<Room>;
export const createRoom = (body: NewRoom, key: string) =>
  answer(
    http.POST("/api/v1/rooms", { params: { header: keyed(key) }, body }),
  ) as Promise<Room>;
export const changeRoom = (roomId: string, version: number, body: RoomChange) =>
  answer(
    http.PATCH("/api/v1/rooms/{room_id}", {
      params: { path: { room_id: roomId }, header: ifMatch(version) },
      body,
    }),
  ) as Promise<Room>;
/** Delete a room; it can be restored for seven days. */
export const deleteRoom = ({ id, version }: Room) =>
  answer(
    http.DELETE("/api/v1/rooms/{room_id}", {
      params: { path: { room_id: id }, header: ifMatch(version) },
    }),
  );
export const restoreRoom = (roomId: string) =>
  answer(
    http.POST("/api/v1/rooms/{room_id}/restore", { params: { path: { room_id: roomId } } }),
  ) as Promise<Room>;

/** Seat an agent, last; tells the room's version after it. */
export const seatAgent = (
  roomId: string,
  seat: { agent_id: string; muted?: boolean; context?: Context | null },
  key: string,
  version?: number,
) =>
  answerWithVersion(
    http.POST("/api/v1/rooms/{room_id}/agents", {
      params: { path: { room_id: roomId }, header: { ...keyed(key), ...ifMatch(version) } },
      body: seat,
    }),
  );
/** Mute a seat, or let it see less or more than elsewhere; tells the room's version after it. */
export const changeSeat = (roomId: string, agentId: string, version: number, body: SeatChange) =>
  answerWithVersion(
    http.PATCH("/api/v1/rooms/{room_id}/agents/{agent_id}", {
      params: { path: { room_id: roomId, agent_id: agentId }, header: ifMatch(version) },
      body,
    }),
  );
export const unseatAgent = (roomId: string, agentId: string, version: number) =>
  answer(
    http.DELETE("/api/v1/rooms/{room_id}/agents/{agent_id}", {
      params: { path: { room_id: roomId, agent_id: agentId }, header: ifMatch(version) },
    }),
  );
export const orderSeats = (roomId: string, version: number, agentIds: string[]) =>
  answer(
    http.PUT("/api/v1/rooms/{room_id}/agents", {
      params: { path: { room_id: roomId }, header: ifMatch(version) },
      body: { agent_ids: agentIds },
    }),
  ) as Promise<Room>;

export const listKeys = (signal: AbortSignal) =>
  answer(http.GET("/api/v1/keys", { params: { query: { limit: 200 } }, signal })).then(
    (page) => page.items,
  );
/** Make an API key; its `token` is told this once. */
export const createKey = (body: NewKey, key: string) =>
  answer(http.POST("/api/v1/keys", { params: { header: keyed(key) }, body }));
export const revokeKey = (keyId: string) =>
  answer(http.DELETE("/api/v1/keys/{key_id}", { params: { path: { key_id: keyId } } }));

/** Try a provider's key by one call and keep it. Throws `provider_key_refused`. */
export const setProviderKey = (name: string, key: string) =>
  answer(
    http.PUT("/api/v1/providers/{name}/key", { params: { path: { name } }, body: { key } }),
  );
export const removeProviderKey = (name: string) =>
  answer(http.DELETE("/api/v1/providers/{name}/key", { params: { path: { name } } }));
