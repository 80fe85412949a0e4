import { Check, CircleAlert, CircleSlash, Pencil, RotateCw, SkipForward } from "lucide-react";
import type { ReactNode } from "react";

import type { Step } from "../api/types";
import { duration } from "../lib/format";
import { t } from "../lib/strings";

import { WaitIcon } from "./icons";

/** How a step looks: the same for its seat and its card. */
export type Look = "done" | "fail" | "live" | "wait" | "stop";

export function lookOf(step: Step): Look {
  switch (step.status) {
    case "completed":
      return "done";
    case "failed":
      return "fail";
    case "running":
      return "live";
    case "pending":
      return "wait";
    case "cancelled":
    case "skipped":
      return "stop";
  }
}

interface Props {
  step: Step;
  /** Words have come already. */
  writing: boolean;
  /** What a step that waits says. */
  waiting: string;
  /** On a seat a finished step shows its time; on a card the tick says it. */
  withTime?: boolean;
}

/** A step's state: an icon and a word. */
export function StateMark({ step, writing, waiting, withTime = false }: Props) {
  const icon = "icon icon-s";
  switch (step.status) {
    case "completed":
      return (
        <Mark look="st-ok" icon={<Check className={icon} aria-hidden />}>
          {withTime && step.latency_ms !== null && step.source_step_id === null ? (
            <>
              <span className="vh">{t.step.done}, </span>
              {duration(step.latency_ms)}
            </>
          ) : (
            <span className={withTime ? "" : "vh"}>{t.step.done}</span>
          )}
        </Mark>
      );
    case "failed":
      return (
        <Mark look="st-bad" icon={<CircleAlert className={icon} aria-hidden />}>
          {t.step.failed}
        </Mark>
      );
    case "running":
      if (step.error)
        return (
          <Mark look="st-warn" icon={<RotateCw className={icon} aria-hidden />}>
            {t.step.retrying}
          </Mark>
        );
      return writing ? (
        <Mark look="st-live" icon={<Pencil className={icon} aria-hidden />}>
          {t.step.writing}
        </Mark>
      ) : (
        <Mark look="st-live" icon={<Dots />}>
          {t.step.thinking}
        </Mark>
      );
    case "pending":
      return (
        <Mark look="" icon={<WaitIcon />}>
          {waiting}
        </Mark>
      );
    case "cancelled":
      return (
        <Mark look="" icon={<CircleSlash className={icon} aria-hidden />}>
          {t.step.stopped}
        </Mark>
      );
    case "skipped":
      return (
        <Mark look="" icon={<SkipForward className={icon} aria-hidden />}>
          {t.step.skipped}
        </Mark>
      );
  }
}

function Mark({ look, icon, children }: { look: string; icon: ReactNode; children: ReactNode }) {
  return (
    <span className={`st ${look}`}>
      {icon}
      <span className="cut">{children}</span>
    </span>
  );
}

function Dots() {
  return (
    <span className="dot3" aria-hidden>
      <b />
      <b />
      <b />
    </span>
  );
}
