/** The keys on an agent's card: J and K move, S shows what was sent, R tries again, C copies. */

import type { KeyboardEvent } from "react";

import { preferences } from "../lib/preferences";

/** What a card's buttons do, by the key that presses them: their `data-key`. */
const BUTTONS = new Set(["s", "r", "c"]);

/** Handle a key that was pressed anywhere in the transcript. */
export function onCardKey(event: KeyboardEvent<HTMLElement>): void {
  const { target, key } = event;
  if (!(target instanceof HTMLElement) || !preferences().shortcuts) return;
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (target.closest("input, textarea, select, [contenteditable]")) return;
  const card = target.closest<HTMLElement>("[data-card]");
  const cards = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-card]")];
  if (key === "j" || key === "k") {
    const at = card ? cards.indexOf(card) : key === "j" ? -1 : cards.length;
    const next = cards[key === "j" ? at + 1 : at - 1];
    if (!next) return;
    event.preventDefault();
    next.scrollIntoView({ block: "nearest" });
    next.focus({ preventScroll: true });
  } else if (card && BUTTONS.has(key)) {
    const button = card.querySelector<HTMLElement>(`[data-key="${key}"]`);
    if (!button) return;
    event.preventDefault();
    button.click();
  }
}
