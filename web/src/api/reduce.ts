/** What an event makes of a timeline: pure, the same for a live event and a repeated one. */

import type { LiveEvent } from "./events";
import { isLive, type Timeline } from "./timeline";
import type { Step, Turn } from "./types";

/** The reader has missed something: only a snapshot puts it right. */
export const OUT_OF_STEP = Symbol("out of step");

type Reduced = Timeline | typeof OUT_OF_STEP;

/**
 * The timeline after `event`. An event of another session changes nothing; one of a turn or step
 * that the timeline should have and does not gives OUT_OF_STEP. Texts of running steps are not
 * kept here (see texts.ts).
 */
export function reduce(timeline: Timeline, event: LiveEvent): Reduced {
  const { type, data } = event;
  if (data.session_id !== undefined && data.session_id !== timeline.session.id) return timeline;
  switch (type) {
    case "turn.created":
      // The oldest word on a turn: the reply to a sent message can come after the turn's events.
      if (timeline.turns.some((held) => held.id === data.turn.id)) return timeline;
      return withTurn(timeline, data.turn);
    case "turn.completed":
      return withTurn(timeline, data.turn);
    case "turn.started":
      return changeTurn(timeline, data.turn_id, (turn) =>
        turn.status === "queued" ? { ...turn, status: "running" } : turn,
      );
    case "turn.awaiting_input":
      return changeTurn(timeline, data.turn_id, (turn) =>
        isLive(turn) && turn.steps.every((step) => step.id !== data.step_id || isOpen(step))
          ? { ...turn, status: "awaiting_input", approval: data.approval }
          : turn,
      );
    case "step.started":
    case "step.restarted":
      return withStep(timeline, data.turn_id, { ...data.step, message: null });
    case "step.retrying":
      // Between two attempts a running step says what went wrong with the last.
      return changeStep(timeline, data.turn_id, data.step_id, (step) =>
        step.status === "running" && step.attempts === data.attempt
          ? { ...step, error: { ...data.error, waitMs: data.wait_ms } }
          : step,
      );
    case "step.delta":
    case "step.reasoning":
    case "step.tool_call":
    case "step.tool_result":
      return changeStep(timeline, data.turn_id, data.step_id, (step) => step);
    case "step.completed":
      return withWord(withStep(timeline, data.turn_id, data.step), data.turn_id, data.step);
    case "step.failed":
    case "step.cancelled":
    case "step.skipped":
      return withStep(timeline, data.turn_id, data.step);
    case "route.decided":
      return withNewSteps(timeline, data.turn_id, data.steps);
    case "context.summarised":
      return changeTurn(timeline, data.turn_id, (turn) => turn);
    case "session.updated":
      // Another branch is shown from now on: its turns are not here.
      if (isElsewhere(timeline, data.session.head_turn_id)) return OUT_OF_STEP;
      return { ...timeline, session: { ...timeline.session, ...data.session } };
    case "stream.reset":
      return OUT_OF_STEP;
    default:
      return unreachable(event);
  }
}

function unreachable(event: never): never {
  throw new Error(`No case for ${JSON.stringify(event)}`);
}

function isElsewhere(timeline: Timeline, head: string | null | undefined): boolean {
  if (!head || head === timeline.session.head_turn_id) return false;
  return head !== timeline.turns.at(-1)?.id;
}

function isOpen(step: Step): boolean {
  return step.status === "pending" || step.status === "running";
}

/** Put a turn in its place: its older self's, or at the end of the chain that it continues. */
function withTurn(timeline: Timeline, turn: Turn): Reduced {
  const at = timeline.turns.findIndex((held) => held.id === turn.id);
  if (at >= 0) return { ...timeline, turns: timeline.turns.with(at, turn) };
  const last = timeline.turns.at(-1);
  if (last && turn.index < last.index) return timeline;
  // A new turn is the head: what it does not continue is off the chain (a retry replaces).
  const parent = timeline.turns.findIndex((held) => held.id === turn.parent_id);
  if (turn.parent_id !== null && parent < 0) return OUT_OF_STEP;
  return {
    ...timeline,
    session: { ...timeline.session, head_turn_id: turn.id, turns: turn.index },
    turns: [...timeline.turns.slice(0, parent + 1), turn],
    olderCursor: turn.parent_id === null ? null : timeline.olderCursor,
  };
}

function changeTurn(timeline: Timeline, turnId: string, change: (turn: Turn) => Turn): Reduced {
  const at = timeline.turns.findIndex((turn) => turn.id === turnId);
  if (at < 0) return OUT_OF_STEP;
  const turn = timeline.turns[at] as Turn;
  const changed = change(turn);
  return changed === turn ? timeline : { ...timeline, turns: timeline.turns.with(at, changed) };
}

function changeStep(
  timeline: Timeline,
  turnId: string,
  stepId: string,
  change: (step: Step) => Step,
): Reduced {
  const turn = timeline.turns.find((held) => held.id === turnId);
  const at = turn?.steps.findIndex((step) => step.id === stepId) ?? -1;
  if (!turn || at < 0) return OUT_OF_STEP;
  const step = turn.steps[at] as Step;
  const changed = change(step);
  if (changed === step) return timeline;
  return changeTurn(timeline, turnId, () => ({ ...turn, steps: turn.steps.with(at, changed) }));
}

/** Put a step in its place, or, when the turn made it only now, where it belongs in order. */
function withStep(timeline: Timeline, turnId: string, step: Step): Reduced {
  return changeTurn(timeline, turnId, (turn) => {
    const held = turn.steps.find((other) => other.id === step.id);
    // The last word stands: a repeated event of what is over changes nothing.
    if (!isLive(turn) || (held && !isOpen(held))) return turn;
    const others = turn.steps.filter((other) => other !== held);
    const steps = [...others, { ...step, siblings: held?.siblings ?? step.siblings }];
    return { ...turn, steps: steps.sort(inOrder) };
  });
}

/** As the server orders them: an approval has the place of the step before it, and a later id. */
function inOrder(a: Step, b: Step): number {
  return a.round - b.round || a.position - b.position || (a.id < b.id ? -1 : 1);
}

/** Put in the steps that a decision made; one that is known already may have gone on. */
function withNewSteps(timeline: Timeline, turnId: string, steps: Step[]): Reduced {
  return changeTurn(timeline, turnId, (turn) => {
    const added = steps.filter((step) => turn.steps.every((held) => held.id !== step.id));
    if (!isLive(turn) || added.length === 0) return turn;
    return { ...turn, steps: [...turn.steps, ...added].sort(inOrder) };
  });
}

/** With the user's word given the turn waits for nobody but a worker. */
function withWord(timeline: Reduced, turnId: string, step: Step): Reduced {
  if (timeline === OUT_OF_STEP || step.kind !== "approval") return timeline;
  return changeTurn(timeline, turnId, (turn) =>
    turn.status === "awaiting_input" && turn.approval?.id === step.id
      ? { ...turn, status: "queued", approval: null }
      : turn,
  );
}
