/** What the agent editor changes. Pure. */

import type { Agent, Context, NewAgent, Parameters } from "../../api/types";
import { agent as words } from "../../lib/strings.room";

export interface AgentFields {
  name: string;
  key: string;
  color: number;
  model: string;
  role_prompt: string;
  parameters: Parameters;
  context: Context;
}

export function fieldsOf(agent: Agent): AgentFields {
  const { name, key, color, model, role_prompt, parameters, context } = agent;
  return { name, key, color, model, role_prompt, parameters, context };
}

/** The first values of a new agent: the colour that is used least, the model that others have. */
export function freshFields(others: Agent[], model: string): AgentFields {
  const uses = (color: number) => others.filter((agent) => agent.color === color).length;
  const colors = [1, 2, 3, 4, 5, 6, 7, 8];
  return {
    name: "",
    key: "",
    color: colors.reduce((best, color) => (uses(color) < uses(best) ? color : best), 1),
    model: others[0]?.model ?? model,
    role_prompt: "",
    parameters: {},
    context: { policy: "everything" },
  };
}

const KEY = /^[a-z][a-z0-9_-]{0,31}$/;

/** A key made of a name, with a number behind it where another agent has it. */
export function keyFor(name: string, taken: ReadonlySet<string>): string {
  const plain = name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+|-+$/g, "")
    .slice(0, 28);
  if (plain === "") return "";
  let [key, number] = [plain, 2];
  for (; taken.has(key) || key === "all"; number += 1) key = `${plain}${number}`;
  return key;
}

export type Faults = Partial<Record<keyof AgentFields, string>>;

/** What keeps an agent from being saved, by field. `others` are the workspace's other agents. */
export function faultsOf(fields: AgentFields, others: Pick<Agent, "key">[]): Faults {
  const faults: Faults = {};
  if (fields.name.trim() === "") faults.name = words.nameRequired;
  if (!KEY.test(fields.key)) faults.key = words.keyBad;
  else if (others.some((other) => other.key === fields.key))
    faults.key = words.keyTaken(fields.key);
  if (fields.model.trim() === "") faults.model = words.modelRequired;
  return faults;
}

export const toNewAgent = (fields: AgentFields): NewAgent => ({
  ...fields,
  name: fields.name.trim(),
  tools: [],
});

/** Tokens of a text, as the server estimates them: a third of its UTF-8 bytes. */
export function estimateTokens(text: string): number {
  return Math.floor((new TextEncoder().encode(text).length + 2) / 3);
}
