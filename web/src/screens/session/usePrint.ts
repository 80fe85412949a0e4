import { useQueryClient } from "@tanstack/react-query";

import { getTimeline } from "../../api/calls";
import { timelineKey } from "../../api/queries";
import { type Timeline, withOlder } from "../../api/timeline";
import { showToast } from "../../parts/toasts";

/** Print a session whole: what is not loaded yet is loaded first. */
export function usePrint(sessionId: string): () => void {
  const client = useQueryClient();
  const load = async () => {
    const key = timelineKey(sessionId);
    for (;;) {
      const cursor = client.getQueryData<Timeline>(key)?.olderCursor;
      if (!cursor) break;
      const page = await getTimeline(sessionId, cursor);
      client.setQueryData<Timeline>(key, (held) => held && withOlder(held, page));
    }
    // What was loaded has to be on the page.
    await new Promise((resolve) => requestAnimationFrame(resolve));
    print();
  };
  return () =>
    void load().catch((error: unknown) =>
      showToast({ words: error instanceof Error ? error.message : String(error), bad: true }),
    );
}
