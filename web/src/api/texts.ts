/** The texts of running steps, fed by deltas and shown once a frame. */

import { countCodePoints, dropCodePoints } from "../lib/codePoints";

import type { Delta, LiveEvent } from "./events";
import type { Turn } from "./types";

export interface LiveText {
  attempt: number;
  text: string;
  /** How long `text` is, in code points. */
  length: number;
}

/**
 * `live` with a delta added; what it has already is cut. `null` when text before the delta is
 * missing, or the delta is of an attempt that was not announced: only a snapshot helps.
 */
export function addDelta(live: LiveText, delta: Delta): LiveText | null {
  if (delta.attempt < live.attempt) return live;
  if (delta.attempt > live.attempt || delta.offset > live.length) return null;
  const known = live.length - delta.offset;
  if (known >= delta.length) return live;
  return {
    attempt: live.attempt,
    text: live.text + dropCodePoints(delta.text, known),
    length: delta.offset + delta.length,
  };
}

/** Calls back before the next frame is drawn. */
export type Schedule = (flush: () => void) => void;

/** Texts by step id, of all sessions that are followed. */
export class Texts {
  private readonly texts = new Map<string, LiveText>();
  private readonly shown = new Map<string, string>();
  private readonly listeners = new Map<string, Set<() => void>>();
  private readonly changed = new Set<string>();
  private readonly schedule: Schedule;

  constructor(schedule: Schedule = (flush) => requestAnimationFrame(flush)) {
    this.schedule = schedule;
  }

  /** Take over the texts of a snapshot's running steps. */
  seed(turns: Turn[]): void {
    for (const step of turns.flatMap((turn) => turn.steps)) {
      if (step.status !== "running") continue;
      const text = step.message?.content ?? "";
      this.set(step.id, { attempt: step.attempts, text, length: countCodePoints(text) });
    }
  }

  /** Take an event's part in the texts; `false` when text is missing. */
  take(event: LiveEvent): boolean {
    switch (event.type) {
      case "step.started":
      case "step.restarted": {
        const live = this.texts.get(event.data.step_id);
        // A repeated announcement of the running attempt must not clear what came since.
        const repeated =
          event.type === "step.started" && live !== undefined && live.attempt >= event.data.attempt;
        if (!repeated)
          this.set(event.data.step_id, { attempt: event.data.attempt, text: "", length: 0 });
        return true;
      }
      case "step.delta": {
        const live = this.texts.get(event.data.step_id);
        if (!live) return false;
        const longer = addDelta(live, event.data);
        if (longer === null) return false;
        if (longer !== live) this.set(event.data.step_id, longer);
        return true;
      }
      case "step.completed":
      case "step.failed":
      case "step.cancelled":
      case "step.skipped":
        this.drop(event.data.step.id);
        return true;
      case "turn.completed":
        for (const step of event.data.turn.steps) this.drop(step.id);
        return true;
      case "turn.created":
      case "turn.started":
      case "turn.awaiting_input":
      case "step.retrying":
      case "step.reasoning":
      case "step.tool_call":
      case "step.tool_result":
      case "route.decided":
      case "context.summarised":
      case "session.updated":
      case "stream.reset":
        return true;
    }
  }

  /** A step's text as of the last frame; `undefined` for a step that does not run. */
  get(stepId: string): string | undefined {
    return this.shown.get(stepId);
  }

  /** Call `listener` whenever the text of a step changed; returns how to stop. */
  subscribe(stepId: string, listener: () => void): () => void {
    const group = this.listeners.get(stepId) ?? new Set();
    this.listeners.set(stepId, group.add(listener));
    return () => {
      group.delete(listener);
      if (group.size === 0) this.listeners.delete(stepId);
    };
  }

  private set(stepId: string, live: LiveText): void {
    this.texts.set(stepId, live);
    this.mark(stepId);
  }

  private drop(stepId: string): void {
    if (this.texts.delete(stepId)) this.mark(stepId);
  }

  private mark(stepId: string): void {
    const scheduled = this.changed.size > 0;
    this.changed.add(stepId);
    if (!scheduled) this.schedule(() => this.flush());
  }

  private flush(): void {
    const changed = [...this.changed];
    this.changed.clear();
    for (const stepId of changed) {
      const live = this.texts.get(stepId);
      if (live) this.shown.set(stepId, live.text);
      else this.shown.delete(stepId);
      this.listeners.get(stepId)?.forEach((listener) => listener());
    }
  }
}
