/** Telling of the end of a long turn while the page is out of sight. */

import { useEffect, useRef } from "react";

import { isLive } from "../../api/timeline";
import type { Turn } from "../../api/types";
import { preferences } from "../../lib/preferences";
import { t } from "../../lib/strings";
import { tally } from "../../parts/steps";

/** A shorter turn was seen to end, or is not missed. */
const LONG_MS = 10_000;

/** What is told of a turn that ended between two looks; `null` where nothing is to be told. */
export function endOf(before: Turn | undefined, now: Turn | undefined): string | null {
  if (!before || !now || before.id !== now.id || !isLive(before)) return null;
  if (now.status === "awaiting_input")
    return before.status === "awaiting_input" ? null : t.announce.awaiting;
  if (isLive(now)) return null;
  const took = Date.parse(now.finished_at ?? "") - Date.parse(now.created_at);
  if (!(took >= LONG_MS)) return null;
  const { done, all } = tally(now);
  const state = t.announce.turn(t.turn.status[now.status]);
  return all > 1 ? `${state}, ${t.turn.answered(done, all)}` : state;
}

/** Show a notification of the system, where the user wants that and does not see the page. */
export function useEndNotice(turn: Turn | undefined, name: string): void {
  const last = useRef(turn);
  useEffect(() => {
    const words = endOf(last.current, turn);
    last.current = turn;
    if (words === null || !document.hidden || !preferences().notify) return;
    if (!("Notification" in globalThis) || Notification.permission !== "granted") return;
    const notice = new Notification(name, { body: words, tag: turn?.session_id ?? "" });
    notice.onclick = () => {
      window.focus();
      notice.close();
    };
  }, [turn, name]);
}
