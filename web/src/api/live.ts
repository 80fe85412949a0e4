/** Keeping a session's timeline right: a snapshot, then its events, and again after a gap. */

import type { QueryClient } from "@tanstack/react-query";

import { backoffMs, pause } from "../lib/backoff";

import { getTimeline } from "./calls";
import type { EventName, LiveEvent } from "./events";
import { follow } from "./follow";
import { refreshMoney } from "./money";
import { ApiProblem } from "./problems";
import { sessions, summaries, timelineKey } from "./queries";
import { OUT_OF_STEP, reduce } from "./reduce";
import type { Texts } from "./texts";
import { fromSnapshot, type Timeline } from "./timeline";

/** A snapshot that is out of step again within this time is asked for ever more slowly. */
const SOON_MS = 5_000;

/** Events that change the sidebar's order or names. */
const CHANGE_LISTS = new Set<EventName>(["turn.created", "turn.completed", "session.updated"]);
/** Events with which credits are reserved, spent or given back. */
const MOVE_MONEY = new Set<EventName>(["turn.created", "turn.completed", "step.completed"]);

export interface Live {
  client: QueryClient;
  texts: Texts;
  sessionId: string;
  signal: AbortSignal;
  onConnection: (connected: boolean) => void;
}

/**
 * Fill the cache with a session's timeline and follow it until the signal aborts.
 * Throws ApiProblem when the server refuses for good.
 */
export async function runLive(live: Live): Promise<void> {
  let resets = 0;
  while (!live.signal.aborted) {
    const timeline = await load(live);
    if (!timeline) return;
    const since = Date.now();
    await follow({
      sessionId: live.sessionId,
      after: timeline.lastEventId,
      signal: live.signal,
      onConnection: live.onConnection,
      onEvent: (event) => take(live, event),
    });
    resets = Date.now() - since < SOON_MS ? resets + 1 : 0;
    if (resets > 1) await pause(backoffMs(resets), live.signal);
  }
}

/** Read a snapshot, however long the server is away. `undefined` once the signal aborted. */
async function load(live: Live): Promise<Timeline | undefined> {
  const { client, sessionId, signal } = live;
  for (let failures = 1; !signal.aborted; failures += 1) {
    try {
      const page = await getTimeline(sessionId, undefined, signal);
      const key = timelineKey(sessionId);
      const timeline = fromSnapshot(page, client.getQueryData<Timeline>(key));
      live.texts.seed(timeline.turns);
      client.setQueryData(key, timeline);
      return timeline;
    } catch (error) {
      if (signal.aborted) return undefined;
      if (!(error instanceof ApiProblem)) throw error;
      const passes = error.status === 0 || error.status === 429 || error.status >= 500;
      if (!passes) throw error;
      live.onConnection(false);
      await pause(Math.max(error.retryAfterMs ?? 0, backoffMs(failures)), signal);
    }
  }
  return undefined;
}

/** Take one event into cache and texts; `false` asks for a snapshot. */
function take(live: Live, event: LiveEvent): boolean {
  const key = timelineKey(live.sessionId);
  const before = live.client.getQueryData<Timeline>(key);
  if (!before) return false;
  const after = reduce(before, event);
  if (after === OUT_OF_STEP || !live.texts.take(event)) return false;
  if (after !== before) live.client.setQueryData(key, after);
  if (event.type === "context.summarised")
    void live.client.invalidateQueries({ queryKey: summaries(live.sessionId).queryKey });
  if (CHANGE_LISTS.has(event.type))
    void live.client.invalidateQueries({ queryKey: sessions.queryKey });
  if (MOVE_MONEY.has(event.type)) void refreshMoney(live.client);
  return true;
}
