/** A session as the page holds it: the head's chain of turns, oldest first. */

import type { Session, TimelinePage, Turn } from "./types";

export interface Timeline {
  session: Session;
  turns: Turn[];
  /** The ids of those messages of these turns that are pinned. */
  pinned: string[];
  /** Where the next older page begins; `null` when all turns are here. */
  olderCursor: string | null;
  lastEventId: string;
}

/** A first page as a timeline, keeping older turns of `held` that its oldest turn continues. */
export function fromSnapshot(page: TimelinePage, held?: Timeline): Timeline {
  const turns = page.items.toReversed();
  const fresh: Timeline = {
    session: page.session,
    turns,
    pinned: page.pinned,
    olderCursor: page.next_cursor,
    lastEventId: page.last_event_id,
  };
  const oldest = turns[0];
  if (!held || !oldest?.parent_id || held.session.id !== page.session.id) return fresh;
  const joint = held.turns.findIndex((turn) => turn.id === oldest.parent_id);
  if (joint < 0) return fresh;
  return {
    ...fresh,
    turns: [...held.turns.slice(0, joint + 1), ...turns],
    pinned: merged(held.pinned, page),
    olderCursor: held.olderCursor,
  };
}

/** `timeline` with an older page before it. */
export function withOlder(timeline: Timeline, page: TimelinePage): Timeline {
  const known = new Set(timeline.turns.map((turn) => turn.id));
  const older = page.items.filter((turn) => !known.has(turn.id)).toReversed();
  return {
    ...timeline,
    turns: [...older, ...timeline.turns],
    pinned: merged(timeline.pinned, page),
    olderCursor: page.next_cursor,
  };
}

/** The pins of before and of a page; of the page's own messages the page has the last word. */
function merged(before: string[], page: TimelinePage): string[] {
  const told = new Set(page.items.flatMap(messageIds));
  return [...before.filter((id) => !told.has(id)), ...page.pinned];
}

function messageIds(turn: Turn): string[] {
  return [turn.input_message_id, ...turn.steps.flatMap((step) => step.message?.id ?? [])];
}

/** `timeline` with a message pinned, or not any more. */
export function withPin(timeline: Timeline, messageId: string, pinned: boolean): Timeline {
  const others = timeline.pinned.filter((id) => id !== messageId);
  return { ...timeline, pinned: pinned ? [...others, messageId] : others };
}

/** The turn that is not over yet, if there is one. A session has one at most. */
export function liveTurn(timeline: Timeline): Turn | undefined {
  return timeline.turns.findLast((turn) => isLive(turn));
}

/** Whether a turn can still change. */
export function isLive(turn: Turn): boolean {
  switch (turn.status) {
    case "queued":
    case "running":
    case "awaiting_input":
      return true;
    case "completed":
    case "partial":
    case "failed":
    case "cancelled":
      return false;
  }
}
