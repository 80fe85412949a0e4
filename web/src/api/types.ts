/** Names for the shapes of the HTTP contract; `schema.d.ts` is generated from openapi.json. */

import type { components } from "./schema";

type Schemas = components["schemas"];

export type AgentChange = Schemas["AgentChange"];
export type AgentTest = Schemas["AgentTest"];
export type ApiKey = Schemas["ApiKey"];
export type Budget = Schemas["Budget"];
export type Context = Schemas["Context"];
export type Forecast = Schemas["Forecast"];
export type Info = Schemas["Info"];
export type Mode = Schemas["Room"]["mode"];
export type Model = Schemas["Model"];
export type Manager = Schemas["Manager"];
export type NewAgent = Schemas["NewAgent"];
export type NewBudget = Schemas["NewBudget"];
export type NewKey = Schemas["NewKey"];
export type NewRoom = Schemas["NewRoom"];
export type NewTurn = Schemas["NewTurn"];
export type Parameters = Schemas["Parameters"];
export type Problem = Schemas["Problem"];
export type Provider = Schemas["Provider"];
export type RoomChange = Schemas["RoomChange"];
export type SeatChange = Schemas["SeatChange"];
export type Session = Schemas["Session"];
/** `waitMs`: how long it is from the failure to the next attempt; known where the page saw it. */
export type StepError = Schemas["StepError"] & { waitMs?: number };
export type Step = Omit<Schemas["Step"], "error"> & { error: StepError | null };
export type StepStatus = Step["status"];
export type Summary = Schemas["Summary"];
export type SummaryChange = Schemas["SummaryChange"];
export type Transaction = Schemas["Transaction"];
export type Usage = Schemas["Usage"];
export type Wallet = Schemas["Wallet"];

/** What one agent is asked to do. */
export interface Assignment {
  agent: string;
  brief: string;
}
/** The manager's decision: `Step.decision` of a routing step. */
export interface Decision {
  action: "delegate" | "finish";
  assignments: Assignment[];
  answer: string | null;
  reason: string;
}
/** What the user is asked about. */
export type Proposal =
  | { kind: "assignments"; reason: string; assignments: Assignment[] }
  | { kind: "next_agent"; agent: string };
/** The user's word, or that nobody gave one in time: `Step.decision` of an approval. */
export interface Verdict {
  action: "approve" | "stop" | "expire";
  /** The assignments as the user wants them; `null` leaves them as they were proposed. */
  assignments: Assignment[] | null;
  note: string | null;
  proposal: Proposal | null;
}
export interface OpenApproval {
  id: string;
  kind: Proposal["kind"];
  proposal: Proposal;
  expires_at: string | null;
}
/** The word that the user gives. */
export type Word = Omit<Schemas["Approval"], "id">;

/** What the document leaves open, as the contract says it. */
export type Agent = Omit<Schemas["Agent"], "context" | "parameters"> & {
  context: Context;
  parameters: Parameters;
};
/** A seat; its `context`, if it has one, is what the agent sees here only. */
export type RoomAgent = Omit<Schemas["RoomAgent"], "context"> & { context?: Context | null };
export type Room = Omit<Schemas["Room"], "agents" | "limits" | "manager"> & {
  agents: RoomAgent[];
  /** `credits` is a decimal string, the others are numbers. */
  limits: Record<string, number | string>;
  manager: Manager | null;
};
export type Turn = Omit<Schemas["Turn"], "approval" | "error" | "steps"> & {
  steps: Step[];
  approval: OpenApproval | null;
  error: { code: string; title: string; detail: string } | null;
};
export type TimelinePage = Omit<Schemas["Timeline"], "items"> & { items: Turn[] };
export interface SentTurns {
  from_turn?: number;
  to_turn?: number;
}
export type Sent = Omit<Schemas["StepContext"], "budget" | "sections"> & {
  /** `from`: an agent's key or "user"; for history and summaries, which turns they are of. */
  sections: {
    origin: string;
    tokens: number;
    text: string;
    from: string | SentTurns | null;
  }[];
  budget: {
    window: number;
    reply_reserve: number;
    used: number;
    estimated: boolean;
    /** What the provider counted, once it has. */
    reported: number | null;
  };
};
