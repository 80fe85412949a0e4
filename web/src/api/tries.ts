/** Going to another try of a step: which turn the session's head has to be. */

import type { TimelinePage, Turn } from "./types";

type Pages = (cursor?: string) => Promise<TimelinePage>;

/**
 * The last turn of the branch in which the step was run: its own turn, or the newest that goes on
 * from it. `pages` gives all turns of the session, the newest first; `null` if none has the step.
 */
export async function branchOf(stepId: string, pages: Pages): Promise<string | null> {
  const seen: Turn[] = [];
  let cursor: string | undefined;
  do {
    const page = await pages(cursor);
    for (const turn of page.items) {
      // Those that go on from a turn are newer: they were seen before it.
      if (turn.steps.some((step) => step.id === stepId)) return newestAfter(turn, seen);
      seen.push(turn);
    }
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return null;
}

function newestAfter(turn: Turn, newer: Turn[]): string {
  const child = newer.find((other) => other.parent_id === turn.id);
  return child ? newestAfter(child, newer) : turn.id;
}
