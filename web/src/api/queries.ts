/** What the page keeps of the server's state, and how it is asked for. */

import { QueryCache, QueryClient, queryOptions } from "@tanstack/react-query";

import * as calls from "./calls";
import { ApiProblem } from "./problems";
import * as setup from "./setup";
import { Texts } from "./texts";
import type { NewTurn } from "./types";

const FRESH_MS = 30_000;

/** A client whose lists ask again by themselves; a lost sign-in makes `info` be asked again. */
export function createQueryClient(): QueryClient {
  const client = new QueryClient({
    queryCache: new QueryCache({
      onError(error, query) {
        const signedOut = error instanceof ApiProblem && error.status === 401;
        if (signedOut && query.queryKey[0] !== "info")
          void client.invalidateQueries({ queryKey: info.queryKey });
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: FRESH_MS,
        retry: (failures, error) =>
          failures < 3 &&
          error instanceof ApiProblem &&
          (error.status === 0 || error.status >= 500),
      },
    },
  });
  return client;
}

/** Texts of running steps, of all sessions. */
export const texts = new Texts();

export const info = queryOptions({
  queryKey: ["info"],
  queryFn: ({ signal }) => calls.getInfo(signal),
});
export const rooms = queryOptions({
  queryKey: ["rooms"],
  queryFn: ({ signal }) => calls.listRooms(signal),
});
export const room = (roomId: string) =>
  queryOptions({
    queryKey: ["rooms", roomId],
    queryFn: ({ signal }) => setup.getRoom(roomId, signal),
  });
export const agents = queryOptions({
  queryKey: ["agents"],
  queryFn: ({ signal }) => calls.listAgents(signal),
});
export const models = queryOptions({
  queryKey: ["models"],
  queryFn: ({ signal }) => calls.listModels(signal),
});
export const providers = queryOptions({
  queryKey: ["providers"],
  queryFn: ({ signal }) => calls.listProviders(signal),
});
export const sessions = queryOptions({
  queryKey: ["sessions"],
  queryFn: ({ signal }) => calls.listSessions(signal),
});
export const prompts = (agentId: string, version: number) =>
  queryOptions({
    queryKey: ["prompts", agentId, version],
    queryFn: ({ signal }) => setup.listPrompts(agentId, signal),
  });
export const keys = queryOptions({
  queryKey: ["keys"],
  queryFn: ({ signal }) => setup.listKeys(signal),
});
export const sent = (stepId: string, attempts: number) =>
  queryOptions({
    // An attempt's audit never changes; a new attempt is another one.
    queryKey: ["sent", stepId, attempts],
    queryFn: ({ signal }) => calls.getSent(stepId, signal),
  });

export const summaries = (sessionId: string) =>
  queryOptions({
    queryKey: ["summaries", sessionId],
    queryFn: ({ signal }) => calls.listSummaries(sessionId, signal),
  });
export const search = (text: string) =>
  queryOptions({
    queryKey: ["search", text],
    queryFn: ({ signal }) => calls.search(text, signal),
    gcTime: FRESH_MS,
    retry: false,
  });

/** The forecast of `body` as the session stands at `headTurnId`. */
export const forecast = (sessionId: string, headTurnId: string | null, body: NewTurn) =>
  queryOptions({
    queryKey: ["forecast", sessionId, headTurnId, body],
    queryFn: ({ signal }) => calls.forecastTurn(sessionId, body, signal),
    gcTime: FRESH_MS,
    retry: false,
  });

/** Where a session's timeline is kept; it is filled by `runLive`, not by Query. */
export const timelineKey = (sessionId: string) => ["timeline", sessionId] as const;
