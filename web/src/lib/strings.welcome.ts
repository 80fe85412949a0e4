/** The words of the first steps. */

import { list, plural } from "./strings";

export const welcome = {
  title: "Who should answer first?",
  lead: "Pantheon runs on this machine. Nothing leaves it until you add a provider.",
  demo: "The demo room",
  demoHelp: "Three scripted agents, offline and free. See how a round table works.",
  demoOpen: "Open demo",
  room: (name: string) => name,
  roomHelp: (names: string[]) => `${list(names)} ${names.length === 1 ? "is" : "are"} there.`,
  roomOpen: "Open room",
  key: "A provider key",
  keyHelp:
    "OpenAI, OpenRouter, or any OpenAI-compatible server. Tried with one tiny call, stored encrypted.",
  keyAdd: "Add key",
  keySee: "See models",
  keyReady: (names: string[]) => `${list(names)} ${names.length === 1 ? "is" : "are"} ready.`,
  local: "A model on this machine",
  localFound: (count: number) => `${plural(count, "model")} found, ready to answer offline.`,
  localNone: "None found. Start Ollama or another OpenAI-compatible server, then look again.",
  localUse: "Use it",
  lookAgain: "Look again",
  working: "Opening",
  checks: {
    database: "Database ready",
    schema: "Schema current",
    checkpointer: "Checkpoints durable",
    worker: "Worker running",
  } as Record<string, string>,
  check: (name: string, detail: string) => `${name}: ${detail}`,
  seed: {
    room: "Demo room",
    goal: "Show how a round table works: each agent reads what came before.",
    agents: [
      {
        key: "analyst",
        name: "Analyst",
        prompt: "You weigh the facts and name the one that decides.",
      },
      { key: "skeptic", name: "Skeptic", prompt: "You look for the reason why the plan fails." },
      {
        key: "editor",
        name: "Editor",
        prompt: "You sum up what was said and end with a decision.",
      },
    ],
  },
};
