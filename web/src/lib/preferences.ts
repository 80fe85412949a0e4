/** What the user prefers of the page, kept in this browser. */

import { useSyncExternalStore } from "react";

import { read, write } from "./storage";

export interface Preferences {
  /** What sends a message: Enter, or Enter with Ctrl or Cmd. */
  sendKey: "enter" | "mod-enter";
  /** Whether keys without a text box under them do something. */
  shortcuts: boolean;
  /** Tell of the end of a long turn while the page is out of sight. */
  notify: boolean;
}

const DEFAULTS: Preferences = { sendKey: "enter", shortcuts: true, notify: false };
const KEY = "preferences";

let kept: Preferences | null = null;
const listeners = new Set<() => void>();

/** What holds now. */
export function preferences(): Preferences {
  kept ??= { ...DEFAULTS, ...read<Partial<Preferences>>(KEY) };
  return kept;
}

export function setPreferences(part: Partial<Preferences>): void {
  kept = { ...preferences(), ...part };
  write(KEY, kept);
  listeners.forEach((tell) => tell());
}

/** What holds now, told again when it changes. */
export function usePreferences(): Preferences {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, preferences);
}

/** Whether this machine's keyboard has a Cmd key in the place of Ctrl. */
export const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);
