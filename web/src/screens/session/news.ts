/** What has come while the reader was elsewhere in the transcript. */

import type { Turn } from "../../api/types";

/** How far a reader has come: a turn, and how many of its steps had ended. */
export interface Seen {
  turnIndex: number;
  steps: number;
}

const ended = (turn: Turn) => turn.steps.filter((step) => step.finished_at !== null).length;

/** All that there is. */
export function seenNow(turns: Turn[]): Seen {
  const last = turns.at(-1);
  return { turnIndex: last?.index ?? 0, steps: last ? ended(last) : 0 };
}

/** How many steps have ended since; what is loaded before it does not count. */
export function newSince(seen: Seen, turns: Turn[]): number {
  return turns.reduce((count, turn) => {
    if (turn.index < seen.turnIndex) return count;
    return count + ended(turn) - (turn.index === seen.turnIndex ? seen.steps : 0);
  }, 0);
}
