/** What the cards of a session's turns can do. */

import { useEffect, useMemo, useRef } from "react";

import { isLive, liveTurn, type Timeline } from "../../api/timeline";
import type { Step, Turn } from "../../api/types";
import type { StepActions } from "../../parts/StepBlock";

import type { useTurns } from "./useTurns";

interface Can {
  turns: ReturnType<typeof useTurns>;
  timeline: Timeline | undefined;
  onSent: (step: Step) => void;
  onPin: (step: Step) => void;
  onTakeBack: (step: Step) => void;
}

/** The actions of a turn: only the head's steps can be retried, and nothing while a turn runs. */
export function useActions(can: Can): (turn: Turn) => StepActions {
  const { timeline, onSent } = can;
  const { retry, rerun, edit, goTo, fork } = can.turns;
  // What a message's menu does is looked up when it is chosen.
  const latest = useRef(can);
  useEffect(() => {
    latest.current = can;
  });
  const all = useMemo(() => {
    const running: StepActions = { onSent: (_, step) => onSent(step) };
    const other: StepActions = {
      ...running,
      onPin: (step) => latest.current.onPin(step),
      onTakeBack: (step) => latest.current.onTakeBack(step),
      onFork: (turn) => fork.mutate(turn.id),
      onEdit: (turn, text) => edit.mutate({ turn, text }),
      onTry: (_, stepId) => goTo.mutate(stepId),
    };
    const head: StepActions = {
      ...other,
      onRetry: (turn, step) => retry.mutate({ turn, steps: [step] }),
      onOtherModel: (turn, step, model) => rerun.mutate({ turn, step, model }),
      onFromHere: (turn, step) => rerun.mutate({ turn, step }),
    };
    return { running, other, head };
    // Query's mutate functions stay the same for as long as the screen is there.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [retry.mutate, rerun.mutate, edit.mutate, goTo.mutate, fork.mutate, onSent]);
  const live = timeline !== undefined && liveTurn(timeline) !== undefined;
  const last = timeline?.turns.at(-1);
  return (turn) => {
    if (live || isLive(turn)) return all.running;
    return turn === last ? all.head : all.other;
  };
}
