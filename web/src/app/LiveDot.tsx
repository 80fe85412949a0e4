import { skipToken, useQuery } from "@tanstack/react-query";

import { timelineKey } from "../api/queries";
import { liveTurn, type Timeline } from "../api/timeline";
import { t } from "../lib/strings";

/** Marks the session that is followed while a turn runs in it. */
export function LiveDot({ sessionId }: { sessionId: string }) {
  const running = useQuery({
    queryKey: timelineKey(sessionId),
    queryFn: skipToken,
    select: (timeline: Timeline) => liveTurn(timeline) !== undefined,
  });
  return running.data ? <span className="livedot" role="img" aria-label={t.shell.running} /> : null;
}
