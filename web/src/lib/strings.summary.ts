/** The words about summaries and about what can be done with a message. */

import { plural } from "./strings";

export const summary = {
  marker: (from: number, to: number) =>
    from === to ? `Turn ${from} is summarised` : `Turns ${from}–${to} are summarised`,
  markerOf: (name: string, from: number, to: number) =>
    `For ${name}, turns ${from}–${to} are summarised`,
  size: (tokens: number) => `≈ ${plural(tokens, "token")}`,
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
  edit: "Edit",
  editHelp: "Agents read your words from the next turn on. They are not checked against what was said.",
  text: "Text of the summary",
  itemOf: (part: string, number: number) => `${part}, ${number}`,
  dropItem: (text: string) => `Leave out: ${text}`,
  save: "Save as a new version",
  saved: "The summary is changed. “Undo the summary” brings the version before back.",
  compare: "Compare with",
  compareNone: "no other version",
  version: (from: number, to: number, time: string) =>
    from === to ? `turn ${from}, ${time}` : `turns ${from}–${to}, ${time}`,
};

export const message = {
  more: "More",
  mark: "Pinned",
  pin: "Pin: every agent is told it from now on",
  unpin: "Do not pin any more",
  pinned: "Pinned: every agent is told it from the next turn on.",
  unpinned: "Not pinned any more.",
  undo: "Undo",
  takeBack: "Take back",
  takenBack:
    "Taken back: its text is deleted, and summaries that were made of it end. For ten minutes this can be undone.",
};
