/** Shapes with good defaults, for tests. */

import type { Timeline } from "../api/timeline";
import type { Assignment, OpenApproval, Session, Step, Turn, Usage } from "../api/types";

export function makeUsage(part: Partial<Usage> = {}): Usage {
  return {
    input_tokens: 0,
    cached_input_tokens: 0,
    output_tokens: 0,
    reasoning_tokens: 0,
    calls: 0,
    unpriced_calls: 0,
    cost_usd: "0",
    credits: "0",
    estimated: false,
    ...part,
  };
}

export function makeSession(part: Partial<Session> = {}): Session {
  return {
    id: "session",
    name: null,
    room_id: "room",
    agent_id: null,
    user_id: "user",
    shared: false,
    pinned: false,
    head_turn_id: null,
    forked_from: null,
    turns: 0,
    last_turn_at: null,
    created_at: "2026-01-01T00:00:00Z",
    version: 1,
    ...part,
  };
}

export function makeStep(id: string, part: Partial<Step> = {}): Step {
  return {
    id,
    key: `s0:${id}`,
    kind: "answer",
    round: 1,
    position: 1,
    agent: { key: id, name: id.toUpperCase(), color: 1, model: "demo/analyst" },
    status: "pending",
    message: null,
    decision: null,
    error: null,
    read: [],
    source_step_id: null,
    stale: false,
    siblings: [],
    charged: false,
    attempts: 0,
    usage: makeUsage(),
    time_to_first_token_ms: null,
    latency_ms: null,
    started_at: null,
    finished_at: null,
    ...part,
  };
}

/** What a waiting turn asks: about assignments, or, without them, who is next. */
export function makeApproval(id: string, assignments?: Assignment[]): OpenApproval {
  const proposal = assignments
    ? ({ kind: "assignments", reason: "Facts first.", assignments } as const)
    : ({ kind: "next_agent", agent: "b" } as const);
  return { id, kind: proposal.kind, proposal, expires_at: null };
}

export function makeTurn(id: string, part: Partial<Turn> = {}): Turn {
  const steps = part.steps ?? [makeStep("a"), makeStep("b", { position: 2 })];
  return {
    id,
    session_id: "session",
    index: 1,
    parent_id: null,
    retry_of: null,
    mode: "roundtable",
    status: "running",
    stop_reason: null,
    input: "What now?",
    input_message_id: `asked-${id}`,
    roster: steps.map((step) => ({
      agent_id: `agent-${step.id}`,
      key: step.agent?.key ?? "",
      name: step.agent?.name ?? "",
      color: step.agent?.color ?? 1,
      model: step.agent?.model ?? "",
      position: step.position,
    })),
    usage: makeUsage(),
    context: { summarised: false, pruned: false, overflow: false },
    warnings: [],
    limits: {
      turn_seconds: 1800,
      step_seconds: 180,
      parallel: 16,
      rounds: 3,
      calls_per_agent: 3,
      calls: 12,
      approval_seconds: 86400,
    },
    approval: null,
    error: null,
    created_at: "2026-01-01T00:00:00Z",
    started_at: null,
    finished_at: null,
    version: 1,
    ...part,
    steps,
  };
}

export function makeTimeline(turns: Turn[], part: Partial<Timeline> = {}): Timeline {
  return {
    session: makeSession({ head_turn_id: turns.at(-1)?.id ?? null, turns: turns.length }),
    turns,
    pinned: [],
    olderCursor: null,
    lastEventId: "1.1",
    ...part,
  };
}
