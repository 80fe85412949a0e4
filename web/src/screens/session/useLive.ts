/** A session's timeline, kept right while the screen is open. */

import { skipToken, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";

import { runLive } from "../../api/live";
import { ApiProblem } from "../../api/problems";
import { info, texts, timelineKey } from "../../api/queries";
import type { Timeline } from "../../api/timeline";

interface LiveState {
  sessionId: string;
  lost: boolean;
  problem: ApiProblem | null;
}

/**
 * The timeline (`undefined` until it is there), whether the connection is lost, what is wrong;
 * `reload` reads the snapshot again.
 */
export function useLive(sessionId: string) {
  const client = useQueryClient();
  const fresh = { sessionId, lost: false, problem: null };
  const [state, setState] = useState<LiveState>(fresh);
  const [readings, setReadings] = useState(0);
  const reload = useCallback(() => setReadings((count) => count + 1), []);
  const timeline = useQuery<Timeline>({ queryKey: timelineKey(sessionId), queryFn: skipToken });

  useEffect(() => {
    const stop = new AbortController();
    const set = (part: Partial<LiveState>) => {
      if (!stop.signal.aborted)
        setState((old) => ({
          ...(old.sessionId === sessionId ? old : { sessionId, lost: false, problem: null }),
          ...part,
        }));
    };
    runLive({
      client,
      texts,
      sessionId,
      signal: stop.signal,
      onConnection: (connected) => set({ lost: !connected, ...(connected && { problem: null }) }),
    }).catch((error: unknown) => {
      if (!(error instanceof ApiProblem)) throw error;
      if (error.status === 401) void client.invalidateQueries({ queryKey: info.queryKey });
      set({ problem: error });
    });
    return () => stop.abort();
  }, [client, sessionId, readings]);

  // What was said of another session says nothing of this one.
  const current = state.sessionId === sessionId ? state : fresh;
  return { timeline: timeline.data, lost: current.lost, problem: current.problem, reload };
}
