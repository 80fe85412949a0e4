/** Short messages at the edge of the page: what was done, and how to take it back. */

import { useSyncExternalStore } from "react";

export interface Toast {
  id: number;
  words: string;
  /** "Undo", and what it does. */
  action?: { label: string; run: () => void | Promise<unknown> };
  /** Something went wrong: it is told at once, and stays until it is closed. */
  bad?: boolean;
}

let toasts: readonly Toast[] = [];
let last = 0;
const listeners = new Set<() => void>();

function set(next: readonly Toast[]): void {
  toasts = next;
  listeners.forEach((tell) => tell());
}

/** Show a toast; the newest stands lowest. Three are shown at most. */
export function showToast(toast: Omit<Toast, "id">): void {
  last += 1;
  set([...toasts.slice(-2), { ...toast, id: last }]);
}

export function closeToast(id: number): void {
  set(toasts.filter((toast) => toast.id !== id));
}

export function useToasts(): readonly Toast[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
}
