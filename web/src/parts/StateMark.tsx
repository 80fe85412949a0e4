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
  /** The word is for readers only. */
  iconOnly?: boolean;
}

/** A step's state: an icon and a word. */
export function StateMark({ iconOnly = false, ...props }: Props) {
  const { icon, look, words } = markOf(props);
  return (
    <span className={`st ${look}`}>
      {icon}
      <span className={iconOnly ? "vh" : "cut"}>{words}</span>
    </span>
  );
}

interface Mark {
  icon: ReactNode;
  look: string;
  words: ReactNode;
}

function markOf({ step, writing, waiting, withTime = false }: Props): Mark {
  const icon = "icon icon-s";
  switch (step.status) {
    case "completed":
      return {
        icon: <Check className={icon} aria-hidden />,
        look: "st-ok",
        words:
          withTime && step.latency_ms !== null && step.source_step_id === null ? (
            <>
              <span className="vh">{t.step.done}, </span>
              {duration(step.latency_ms)}
            </>
          ) : (
            <span className={withTime ? "" : "vh"}>{t.step.done}</span>
          ),
      };
    case "failed":
      return {
        icon: <CircleAlert className={icon} aria-hidden />,
        look: "st-bad",
        words: t.step.failed,
      };
    case "running":
      if (step.error)
        return {
          icon: <RotateCw className={icon} aria-hidden />,
          look: "st-warn",
          words: t.step.retrying,
        };
      return writing
        ? { icon: <Pencil className={icon} aria-hidden />, look: "st-live", words: t.step.writing }
        : { icon: <Dots />, look: "st-live", words: t.step.thinking };
    case "pending":
      return { icon: <WaitIcon />, look: "", words: waiting };
    case "cancelled":
      return {
        icon: <CircleSlash className={icon} aria-hidden />,
        look: "",
        words: t.step.stopped,
      };
    case "skipped":
      return {
        icon: <SkipForward className={icon} aria-hidden />,
        look: "",
        words: t.step.skipped,
      };
  }
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
