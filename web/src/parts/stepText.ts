/** The texts of running steps, for components. */

import { useSyncExternalStore } from "react";

import { texts } from "../api/queries";
import type { Step } from "../api/types";

/** A step's words: as they come while it runs, else as they are stored. */
export function useStepText(step: Step): string {
  const live = useSyncExternalStore(
    (listener) => texts.subscribe(step.id, listener),
    () => texts.get(step.id),
  );
  return (step.status === "running" ? live : undefined) ?? step.message?.content ?? "";
}

/** Whether a running step has words already. */
export function useIsWriting(step: Step): boolean {
  return useSyncExternalStore(
    (listener) => texts.subscribe(step.id, listener),
    () => (texts.get(step.id) ?? step.message?.content ?? "") !== "",
  );
}
