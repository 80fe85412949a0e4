import { useEffect } from "react";

import { isMac, preferences } from "../lib/preferences";

/** What the keys that work everywhere do. */
export interface Shortcuts {
  palette: () => void;
  newSession: () => void;
  sidebar: () => void;
  help: () => void;
}

/** Ctrl (or Cmd) + K, + Shift + O, + Shift + S, + /, and Shift + Esc; none while switched off. */
export function useShortcuts(shortcuts: Shortcuts): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || !preferences().shortcuts) return;
      const run = match(event, shortcuts);
      if (!run) return;
      event.preventDefault();
      run();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [shortcuts]);
}

function match(event: KeyboardEvent, shortcuts: Shortcuts): (() => void) | null {
  const { altKey, shiftKey } = event;
  if (event.key === "Escape" && shiftKey) return focusComposer;
  const mod = isMac ? event.metaKey : event.ctrlKey;
  if (!mod || altKey) return null;
  const key = event.key.toLowerCase();
  if (key === "k" && !shiftKey) return shortcuts.palette;
  // Where "/" needs Shift, it is the key with the sign that counts.
  if (key === "/") return shortcuts.help;
  if (key === "o" && shiftKey) return shortcuts.newSession;
  if (key === "s" && shiftKey) return shortcuts.sidebar;
  return null;
}

function focusComposer(): void {
  document.querySelector<HTMLElement>("[data-composer]")?.focus();
}
