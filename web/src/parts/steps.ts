/** What can be said of a turn's steps. */

import type { Step, Turn } from "../api/types";
import { t } from "../lib/strings";

/** The steps that answer the user. */
export function answers(turn: Turn): Step[] {
  return turn.steps.filter((step) => step.kind === "answer" || step.kind === "synthesis");
}

/** The id of what shows a step: its card, or its row in the plan. */
export const cardId = (step: Pick<Step, "id">) => `step-${step.id}`;

export function nameOf(step: Step): string {
  return step.agent?.name ?? t.step.manager;
}

/** The colour of a step's agent; one that manages a turn is in ink. */
export function colorOf(step: Step): number | "manager" {
  if (step.kind === "route" || step.kind === "synthesis") return "manager";
  return step.agent?.color ?? 0;
}

/** Whether the steps answer one after another. */
export function isInOrder(turn: Turn): boolean {
  if (turn.mode === "roundtable") return true;
  if (turn.mode !== "manual") return false;
  // Several that run at once, or one that began before another ended: no order.
  const running = turn.steps.filter((step) => step.status === "running").length;
  const pending = turn.steps.some((step) => step.status === "pending");
  return running === 1 && pending;
}

/** What a waiting step waits for: `short` on its seat, else on its card. */
export function waitingFor(turn: Turn, step: Step, short: boolean): string {
  if (!isInOrder(turn)) return t.step.waits;
  const steps = answers(turn);
  const at = steps.indexOf(step);
  const before = steps[at - 1];
  const isNext = before === undefined || before.status !== "pending";
  if (short) return isNext ? t.step.next : t.step.waits;
  return before ? t.step.answersAfter(nameOf(before)) : t.step.waits;
}

export interface Tally {
  all: number;
  done: number;
  failed: number;
  /** Who did not answer in a turn that is over. */
  missing: Step[];
}

export function tally(turn: Turn): Tally {
  const steps = answers(turn);
  return {
    all: steps.length,
    done: steps.filter((step) => step.status === "completed").length,
    failed: steps.filter((step) => step.status === "failed").length,
    missing: steps.filter((step) => step.status !== "completed"),
  };
}

/** Whether nobody was asked for it: a manager's decision held the answer already. */
export function isGiven(step: Step): boolean {
  return step.status === "completed" && step.attempts === 0 && step.source_step_id === null;
}

/** The tries of a step, oldest first, and which of them is shown; one alone is no choice. */
export function triesOf(step: Step): { ids: string[]; at: number } {
  const shown = step.source_step_id ?? step.id;
  // Ids grow with time.
  const ids = [...new Set([...step.siblings, shown])].sort();
  return { ids, at: ids.indexOf(shown) };
}

/** Whether what a step said is among the pinned messages. */
export function isPinned(step: Step, pinned: readonly string[]): boolean {
  return step.message !== null && step.message.id !== null && pinned.includes(step.message.id);
}
