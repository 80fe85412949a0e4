/** The events of a session's stream, as a closed set: what is not known is dropped. */

import type { Decision, OpenApproval, Session, Step, StepError, Turn } from "./types";

interface InTurn {
  session_id: string;
  turn_id: string;
}
interface InStep extends InTurn {
  step_id: string;
}
interface InAttempt extends InStep {
  attempt: number;
}
/** Text of a running step; `offset` and `length` count code points. */
export interface Delta extends InAttempt {
  text: string;
  offset: number;
  length: number;
}
interface ClosedStep extends InTurn {
  step: Step;
}

interface Payloads {
  "turn.created": InTurn & { turn: Turn };
  "turn.started": InTurn;
  "turn.awaiting_input": InStep & { approval: OpenApproval };
  "turn.completed": InTurn & { turn: Turn };
  "step.started": InAttempt & { step: Step };
  "step.restarted": InAttempt & { step: Step };
  "step.retrying": InAttempt & { error: StepError; wait_ms: number };
  "step.delta": Delta;
  "step.reasoning": InStep;
  "step.tool_call": InStep;
  "step.tool_result": InStep;
  "step.completed": ClosedStep;
  "step.failed": ClosedStep;
  "step.cancelled": ClosedStep;
  "step.skipped": ClosedStep;
  /** `steps` are those that follow from the decision. */
  "route.decided": InStep & { decision: Decision; steps: Step[] };
  "context.summarised": InTurn;
  "session.updated": { session_id: string; session: Session };
  "stream.reset": { session_id?: string };
}

export type EventName = keyof Payloads;
export type LiveEvent = { [Name in EventName]: { type: Name; data: Payloads[Name] } }[EventName];

const NAMES: Record<EventName, true> = {
  "turn.created": true,
  "turn.started": true,
  "turn.awaiting_input": true,
  "turn.completed": true,
  "step.started": true,
  "step.restarted": true,
  "step.retrying": true,
  "step.delta": true,
  "step.reasoning": true,
  "step.tool_call": true,
  "step.tool_result": true,
  "step.completed": true,
  "step.failed": true,
  "step.cancelled": true,
  "step.skipped": true,
  "route.decided": true,
  "context.summarised": true,
  "session.updated": true,
  "stream.reset": true,
};

/** Read a frame of the stream; `null` for an event of a kind that this page does not know. */
export function parseEvent(type: string, data: string): LiveEvent | null {
  if (!Object.hasOwn(NAMES, type)) return null;
  return { type, data: JSON.parse(data) as unknown } as LiveEvent;
}
