/** The shapes of the HTTP contract that the page uses. */

export type Mode = "direct" | "manual" | "roundtable" | "orchestrator";
export type TurnStatus =
  | "queued"
  | "running"
  | "awaiting_input"
  | "completed"
  | "partial"
  | "failed"
  | "cancelled";
export type StepStatus = "pending" | "running" | "completed" | "failed" | "cancelled" | "skipped";
export type StepKind = "answer" | "route" | "approval" | "synthesis" | "summary" | "tool";

export interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
}

export interface Usage {
  input_tokens: number;
  cached_input_tokens: number;
  output_tokens: number;
  reasoning_tokens: number;
  calls: number;
  unpriced_calls: number;
  cost_usd: string | null;
  credits: string;
  estimated: boolean;
}

export interface Agent {
  id: string;
  key: string;
  name: string;
  color: number;
  model: string;
  role_prompt: string;
  version: number;
}

export interface RoomAgent {
  agent_id: string;
  key: string;
  name: string;
  color: number;
  model: string;
  position: number;
  muted: boolean;
}

export interface Room {
  id: string;
  name: string;
  goal: string | null;
  mode: Mode;
  mentions: "override" | "first" | "ignore";
  order: "parallel" | "sequence";
  agents: RoomAgent[];
  created_at: string;
  updated_at: string;
  version: number;
}

export interface Session {
  id: string;
  name: string | null;
  room_id: string | null;
  agent_id: string | null;
  user_id: string;
  shared: boolean;
  pinned: boolean;
  head_turn_id: string | null;
  turns: number;
  last_turn_at: string | null;
  created_at: string;
  version: number;
}

export interface Seat {
  agent_id: string;
  key: string;
  name: string;
  color: number;
  model: string;
  position: number;
}

export interface StepError {
  code: string;
  title: string;
  detail: string;
  retryable: boolean;
}

export interface Step {
  id: string;
  key: string;
  kind: StepKind;
  round: number;
  position: number;
  agent: { key: string; name: string; color: number; model: string } | null;
  status: StepStatus;
  message: { id: string | null; content: string } | null;
  error: StepError | null;
  read: { step_id: string; status: StepStatus }[];
  source_step_id: string | null;
  stale: boolean;
  siblings: string[];
  charged: boolean;
  attempts: number;
  usage: Usage;
  time_to_first_token_ms: number | null;
  latency_ms: number | null;
  started_at: string | null;
  finished_at: string | null;
}

export interface Turn {
  id: string;
  session_id: string;
  index: number;
  parent_id: string | null;
  retry_of: string | null;
  mode: Mode;
  status: TurnStatus;
  stop_reason: string | null;
  input: string;
  roster: Seat[];
  steps: Step[];
  usage: Usage;
  context: { summarised: boolean; pruned: boolean; overflow: boolean };
  warnings: { code: string; detail: string }[];
  error: { code: string; title: string; detail: string } | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  version: number;
}

export interface TimelinePage {
  session: Session;
  items: Turn[];
  next_cursor: string | null;
  last_event_id: string;
}

export interface Model {
  id: string;
  context_window: number | null;
  max_output_tokens: number | null;
  available: boolean;
  reason: string | null;
}

export interface Provider {
  name: string;
  kind: string;
  has_key: boolean;
  last4: string | null;
  source: string | null;
  reason: string | null;
}

export interface Info {
  version: string;
  modes: Mode[];
  features: string[];
  user: { id: string; name: string };
  workspace: { id: string; name: string };
}

export interface Sent {
  attempt_id: string;
  model: string;
  sections: {
    origin: string;
    tokens: number;
    text: string;
    from: string | null;
  }[];
  budget: { window: number | null; reply_reserve: number; used: number; estimated: boolean };
  actions: { kind: string; reason: string; tokens: number }[];
  request_sha256: string;
  cached_tokens: number | null;
}

export interface TurnBody {
  input: string;
  mode?: Mode;
}
