/** One function for every request of the page, named after what it does. */

import { answer, BASE, http, ifMatch } from "./http";
import type {
  Agent,
  NewTurn,
  Room,
  Sent,
  Session,
  Summary,
  SummaryChange,
  TimelinePage,
  Turn,
  Word,
} from "./types";

const MOST = 200;
const TURNS = 20;

interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
}

/** Follow a list's cursors to its end. */
async function everything<Item>(ask: (cursor?: string) => Promise<Page<Item>>): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const page: Page<Item> = await ask(cursor);
    items.push(...page.items);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return items;
}

export const getInfo = (signal: AbortSignal) => answer(http.GET("/api/v1/info", { signal }));
export const getReadiness = (signal: AbortSignal) => answer(http.GET("/readyz", { signal }));

export const listRooms = (signal: AbortSignal) =>
  everything<Room>((cursor) =>
    answer(
      http.GET("/api/v1/rooms", { params: { query: { limit: MOST, cursor } }, signal }),
    ) as Promise<Page<Room>>,
  );
export const listAgents = (signal: AbortSignal) =>
  everything<Agent>((cursor) =>
    answer(
      http.GET("/api/v1/agents", { params: { query: { limit: MOST, cursor } }, signal }),
    ) as Promise<Page<Agent>>,
  );
export const listModels = (signal: AbortSignal) =>
  answer(http.GET("/api/v1/models", { signal })).then((page) => page.items);
export const listProviders = (signal: AbortSignal) =>
  answer(http.GET("/api/v1/providers", { signal })).then((page) => page.items);
/** The newest sessions; the sidebar does not need them all. */
export const listSessions = (signal: AbortSignal) =>
  answer(http.GET("/api/v1/sessions", { params: { query: { limit: MOST } }, signal })).then(
    (page) => page.items,
  );

export const logOut = () => answer(http.POST("/api/v1/logout"));
export const logIn = (token: string) => answer(http.POST("/api/v1/login", { body: { token } }));

const keyed = (key: string) => ({ "Idempotency-Key": key });

/** Where a session can be: in a room, or with one agent. */
export interface Place {
  kind: "rooms" | "agents";
  id: string;
}

export const createSession = ({ kind, id }: Place, key: string) =>
  answer(
    kind === "rooms"
      ? http.POST("/api/v1/rooms/{room_id}/sessions", {
          params: { path: { room_id: id }, header: keyed(key) },
          body: {},
        })
      : http.POST("/api/v1/agents/{agent_id}/sessions", {
          params: { path: { agent_id: id }, header: keyed(key) },
          body: {},
        }),
  );
export const renameSession = (session: Session, name: string) =>
  answer(
    http.PATCH("/api/v1/sessions/{session_id}", {
      params: { path: { session_id: session.id } },
      body: { name },
    }),
  );
/** Let the session go on from another of its turns. */
export const setHead = (sessionId: string, turnId: string) =>
  answer(
    http.PATCH("/api/v1/sessions/{session_id}", {
      params: { path: { session_id: sessionId } },
      body: { head_turn_id: turnId },
    }),
  );
export const pinSession = ({ id, pinned }: Session) =>
  answer(
    http.PATCH("/api/v1/sessions/{session_id}", {
      params: { path: { session_id: id } },
      body: { pinned: !pinned },
    }),
  );
export const deleteSession = (sessionId: string) =>
  answer(
    http.DELETE("/api/v1/sessions/{session_id}", {
      params: { path: { session_id: sessionId } },
    }),
  );

/** Open a session that goes on from a turn of this one; the texts are shared. */
export const forkSession = (sessionId: string, turnId: string, key: string) =>
  answer(
    http.POST("/api/v1/sessions/{session_id}/fork", {
      params: { path: { session_id: sessionId }, header: keyed(key) },
      body: { turn_id: turnId },
    }),
  );
/** Where a session can be fetched as a document. */
export const exportUrl = (sessionId: string, format: "md" | "json") =>
  `${BASE}/sessions/${sessionId}/export?format=${format}`;
/** Sessions by their names and messages by their texts. */
export const search = (text: string, signal: AbortSignal) =>
  answer(http.GET("/api/v1/search", { params: { query: { q: text, limit: 8 } }, signal }));

/** A page of a session's turns, newest first; without `cursor` with the session's end. */
export const getTimeline = (sessionId: string, cursor?: string, signal?: AbortSignal) =>
  answer(
    http.GET("/api/v1/sessions/{session_id}/timeline", {
      params: { path: { session_id: sessionId }, query: { limit: TURNS, cursor } },
      signal,
    }),
  ) as Promise<TimelinePage>;
/** A page of all turns of a session, also those that the head does not go on from. */
export const getAllTurns = (sessionId: string, cursor?: string) =>
  answer(
    http.GET("/api/v1/sessions/{session_id}/timeline", {
      params: { path: { session_id: sessionId }, query: { limit: MOST, cursor, all: true } },
    }),
  ) as Promise<TimelinePage>;
export const getSent = (stepId: string, signal: AbortSignal) =>
  answer(
    http.GET("/api/v1/steps/{step_id}/context", {
      params: { path: { step_id: stepId } },
      signal,
    }),
  ) as Promise<Sent>;

/** What stands for older turns, the newest first. */
export const listSummaries = (sessionId: string, signal: AbortSignal) =>
  answer(
    http.GET("/api/v1/sessions/{session_id}/summaries", {
      params: { path: { session_id: sessionId }, query: { limit: MOST } },
      signal,
    }),
  ).then((page) => page.items);
/** End a summary: the version before counts again, else the turns themselves. */
export const undoSummary = ({ id, version }: Summary) =>
  answer(
    http.POST("/api/v1/summaries/{summary_id}/undo", {
      params: { path: { summary_id: id }, header: ifMatch(version) },
    }),
  );
/** Tell every agent of a message from now on, however old it is. */
export const pinMessage = (messageId: string) =>
  answer(
    http.PUT("/api/v1/messages/{message_id}/pin", { params: { path: { message_id: messageId } } }),
  );
export const unpinMessage = (messageId: string) =>
  answer(
    http.DELETE("/api/v1/messages/{message_id}/pin", {
      params: { path: { message_id: messageId } },
    }),
  );
/** Delete a message's text; for ten minutes `giveBack` undoes it. */
export const takeBack = (messageId: string) =>
  answer(
    http.DELETE("/api/v1/messages/{message_id}", { params: { path: { message_id: messageId } } }),
  );
export const giveBack = (messageId: string) =>
  answer(
    http.POST("/api/v1/messages/{message_id}/restore", {
      params: { path: { message_id: messageId } },
    }),
  );
/** Say something of a summary otherwise: a new version, which agents read from now on. */
export const editSummary = ({ id, version }: Summary, body: SummaryChange) =>
  answer(
    http.PATCH("/api/v1/summaries/{summary_id}", {
      params: { path: { summary_id: id }, header: ifMatch(version) },
      body,
    }),
  );

/** The body of a request as it left for the provider. Throws `request_changed`. */
export const getRequest = async (stepId: string, attempt: number): Promise<string> => {
  const body = await answer(
    http.GET("/api/v1/steps/{step_id}/request", {
      params: { path: { step_id: stepId }, query: { attempt } },
      parseAs: "text",
    }),
  );
  return String(body);
};

export const sendTurn = (sessionId: string, body: NewTurn, key: string) =>
  answer(
    http.POST("/api/v1/sessions/{session_id}/turns", {
      params: { path: { session_id: sessionId }, header: keyed(key) },
      body,
    }),
  ) as Promise<Turn>;
/** What a message would cost; nothing is stored. */
export const forecastTurn = (sessionId: string, body: NewTurn, signal: AbortSignal) =>
  answer(
    http.POST("/api/v1/sessions/{session_id}/turns/forecast", {
      params: { path: { session_id: sessionId } },
      body,
      signal,
    }),
  );
export const decideApproval = (turnId: string, approvalId: string, word: Word) =>
  answer(
    http.POST("/api/v1/turns/{turn_id}/approval", {
      params: { path: { turn_id: turnId } },
      body: { id: approvalId, ...word },
    }),
  );
export const cancelTurn = (turnId: string, when: "now" | "after_step") =>
  answer(
    http.POST("/api/v1/turns/{turn_id}/cancel", {
      params: { path: { turn_id: turnId } },
      body: { when },
    }),
  );
/** Run `steps` again, or all that are not completed; the rest is taken over. */
export const retryTurn = (turnId: string, steps: string[] | undefined, key: string) =>
  answer(
    http.POST("/api/v1/turns/{turn_id}/retry", {
      params: { path: { turn_id: turnId }, header: keyed(key) },
      body: { steps },
    }),
  ) as Promise<Turn>;
/** Run a step and all after it again, by default with the same models. */
export const rerunFrom = (
  turnId: string,
  stepId: string,
  models: Record<string, string>,
  key: string,
) =>
  answer(
    http.POST("/api/v1/turns/{turn_id}/rerun", {
      params: { path: { turn_id: turnId }, header: keyed(key) },
      body: { from_step: stepId, models },
    }),
  ) as Promise<Turn>;
/** Ask a turn's question anew in other words; the old answers stay, as another try. */
export const askAnew = (turnId: string, input: string, key: string) =>
  answer(
    http.POST("/api/v1/turns/{turn_id}/rerun", {
      params: { path: { turn_id: turnId }, header: keyed(key) },
      body: { input },
    }),
  ) as Promise<Turn>;
