/** What a manager's turn has decided so far, read from its steps. */

import type { Decision, Room, Step, Turn, Verdict } from "../api/types";
import { t } from "../lib/strings";

import { nameOf } from "./steps";

/** An assignment of a round, and the step that carries it out; `null` before, or without one. */
export interface PlanRow {
  agent: string;
  brief: string;
  step: Step | null;
  /** A cap, a repeat or the user kept it from being asked. */
  refused: boolean;
}

/** A decision of the manager and what came of it. */
export interface PlanRound {
  number: number;
  route: Step;
  /** `null` while the manager decides, and where it gave no valid decision. */
  decision: Decision | null;
  /** The user's word on it; `null` where nobody was asked, or none was given yet. */
  verdict: Verdict | null;
  rows: PlanRow[];
}

export function verdictOf(step: Step | undefined): Verdict | null {
  return step?.kind === "approval" && step.decision?.action
    ? (step.decision as unknown as Verdict)
    : null;
}

function decisionOf(step: Step): Decision | null {
  return step.kind === "route" && step.decision ? (step.decision as unknown as Decision) : null;
}

/** The rounds of a turn, in order. */
export function roundsOf(turn: Turn): PlanRound[] {
  // A later decision that waits, as in a second try, is what comes next.
  const routes = turn.steps.filter(
    (step) => step.kind === "route" && (step.round === 1 || step.status !== "pending"),
  );
  return routes.map((route) => {
    const number = route.round;
    const inRound = turn.steps.filter((step) => step.round === number);
    const asked = inRound.find((step) => step.kind === "approval");
    const verdict = verdictOf(asked);
    const decision = decisionOf(route);
    const wanted = verdict?.assignments ?? decision?.assignments ?? [];
    const over =
      (verdict !== null && verdict.action !== "approve") ||
      turn.finished_at !== null ||
      turn.steps.some((step) => step.round > number);
    // While the user is asked about them, they stand in the question.
    const rows = asked && !verdict && !over ? [] : wanted;
    return {
      number,
      route,
      decision,
      verdict,
      rows: rows.map(({ agent, brief }, index) => {
        const step =
          inRound.find((other) => other.kind === "answer" && other.position === index + 1) ?? null;
        return { agent, brief, step, refused: step === null && over };
      }),
    };
  });
}

/** What the manager has asked of a step's agent; `null` for a step without a brief. */
export function briefOf(turn: Turn, step: Step): string | null {
  if (turn.mode !== "orchestrator" || step.kind !== "answer") return null;
  const round = roundsOf(turn).find((other) => other.number === step.round);
  return round?.rows.find((row) => row.step === step)?.brief ?? null;
}

export function synthesisOf(turn: Turn): Step | undefined {
  return turn.steps.find((step) => step.kind === "synthesis");
}

/** A name for an agent's key, also of the room's manager, who has no seat. */
export function nameOfKey(turn: Turn, key: string): string {
  const seat = turn.roster.find((other) => other.key === key);
  const step = turn.steps.find((other) => other.agent?.key === key);
  return seat?.name ?? (step && nameOf(step)) ?? key;
}

/** The caps that are shown beside what was used of them. */
export interface Caps {
  rounds: number;
  calls: number;
  /** `null` where the room sets none. */
  turnMs: number | null;
}

/** The caps of a room that sets none of its own, as the server has them. */
const DEFAULTS = { rounds: 3, calls: 12 };

/**
 * The caps of a turn of `room`; `null` when the room has changed since: a turn keeps the limits
 * that it was accepted with.
 */
export function capsOf(turn: Turn, room: Pick<Room, "limits" | "updated_at">): Caps | null {
  if (Date.parse(room.updated_at) > Date.parse(turn.created_at)) return null;
  const { rounds, calls, turn_seconds: seconds } = room.limits as Record<string, number | undefined>;
  return {
    rounds: rounds ?? DEFAULTS.rounds,
    calls: calls ?? DEFAULTS.calls,
    turnMs: seconds === undefined ? null : seconds * 1_000,
  };
}

/** What is to come in a turn that runs; `null` when that is plain, or the turn is over. */
export function comesNext(turn: Turn, caps: Caps | null): string | null {
  if (turn.finished_at !== null) return null;
  if (turn.status === "awaiting_input") return t.plan.next.you;
  if (synthesisOf(turn)) return t.plan.next.answer;
  const rounds = roundsOf(turn);
  const last = rounds.at(-1);
  if (!last) return null;
  if (last.route.status === "failed") return t.plan.next.answer;
  if (last.decision === null) return last.number === 1 ? t.plan.next.first : null;
  if (last.decision.action === "finish") return t.plan.next.answer;
  return caps && last.number >= caps.rounds ? t.plan.next.lastRound : t.plan.next.decides;
}
