/** The time, while something runs. */

import { useSyncExternalStore } from "react";

let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    listeners.forEach((tell) => tell());
  }, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

const never = () => () => undefined;

/** Milliseconds since `start`, counted on each second while `running`; `null` without a start. */
export function useElapsed(start: string | null, running: boolean): number | null {
  const at = useSyncExternalStore(running ? subscribe : never, () => now);
  return start === null ? null : Math.max(0, at - Date.parse(start));
}

/** Milliseconds until `end`, counted on each second. */
export function useRemaining(end: number): number {
  const at = useSyncExternalStore(subscribe, () => now);
  return Math.max(0, end - at);
}
