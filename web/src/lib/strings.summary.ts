/** The words about summaries and about what can be done with a message. */

import { plural } from "./strings";

export const summary = {
  marker: (from: number, to: number) =>
    from === to ? `Turn ${from} is summarised` : `Turns ${from}–${to} are summarised`,
  markerOf: (name: string, from: number, to: number) =>
    `For ${name}, turns ${from}–${to} are summarised`,
  read: "read",
  title: (from: number, to: number) => `Summary of turns ${from}–${to}`,
  about: "Agents read this instead of those turns. The turns stay in the session.",
  edited: "Written by you: it was not checked against what was said.",
  dropped: (count: number) =>
    `${plural(count, "statement")} left out: with figures that were never said.`,
  parts: {
    key_facts: "Facts",
    decisions: "Decisions",
    open_questions: "Open questions",
    action_items: "To do",
    figures_and_names: "Figures and names",
  },
  turns: (turns: number[]) => `turn ${turns.join(", ")}`,
  originals: "Show the originals",
  undo: "Undo the summary",
  undone: "The summary is undone: agents read what it stood for again, as far as it fits.",
  close: "Close",
};

export const message = {
  more: "More",
  pin: "Pin: every agent is told it from now on",
  pinned: "Pinned: every agent is told it from the next turn on.",
  unpin: "Undo",
  takeBack: "Take back",
  takeBackAsk: (name: string) =>
    `Take back what ${name} said? Its text is deleted, and summaries that were made of it end. This cannot be undone.`,
  takenBack: "The message is taken back.",
};
