/** What is being written in each session, and what was sent without an answer yet. */

import { useCallback, useState } from "react";

import type { NewTurn } from "../../api/types";
import { read, write } from "../../lib/storage";

/** The text in a session's composer; it outlives a reload. */
export function useDraft(
  sessionId: string,
): [string, (text: string | ((before: string) => string)) => void] {
  const [draft, setDraft] = useState({ sessionId, text: stored(sessionId) });
  if (draft.sessionId !== sessionId) setDraft({ sessionId, text: stored(sessionId) });
  const set = useCallback(
    (next: string | ((before: string) => string)) => {
      const text = typeof next === "string" ? next : next(stored(sessionId));
      write(`draft.${sessionId}`, text === "" ? null : text);
      setDraft({ sessionId, text });
    },
    [sessionId],
  );
  return [draft.text, set];
}

const stored = (sessionId: string) => read<string>(`draft.${sessionId}`) ?? "";

interface Pending {
  key: string;
  body: NewTurn;
}

/**
 * The Idempotency-Key for `body`: the one of an earlier sending of the same that got no reply,
 * else a new one. It is kept until `replied`.
 */
export function keyFor(sessionId: string, body: NewTurn): string {
  const pending = read<Pending>(`pending.${sessionId}`);
  if (pending && JSON.stringify(pending.body) === JSON.stringify(body)) return pending.key;
  const key = crypto.randomUUID();
  write(`pending.${sessionId}`, { key, body });
  return key;
}

/** The server has answered: the next sending is another one. */
export function replied(sessionId: string): void {
  write(`pending.${sessionId}`, null);
}
