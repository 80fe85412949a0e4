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
  onPin: (messageId: string, pinned: boolean) => void;
  onTakeBack: (messageId: string) => void;
}

/** The actions of a turn: only the head's steps can be retried, and nothing while a turn runs. */
export function useActions(can: Can): (turn: Turn) => StepActions {
  const { timeline, onSent } = can;
  // Query's mutate functions stay the same for as long as the screen is there.
  const { mutate: retry } = can.turns.retry;
  const { mutate: rerun } = can.turns.rerun;
  const { mutate: edit } = can.turns.edit;
  const { mutate: goTo } = can.turns.goTo;
  const { mutate: fork } = can.turns.fork;
  // What a message's menu does is looked up when it is chosen.
  const latest = useRef(can);
  useEffect(() => {
    latest.current = can;
  });
  const all = useMemo(() => {
    const running: StepActions = { onSent: (_, step) => onSent(step) };
    const other: StepActions = {
      ...running,
      onPin: (id, pinned) => latest.current.onPin(id, pinned),
      onTakeBack: (id) => latest.current.onTakeBack(id),
      onFork: (turn) => fork(turn.id),
      onEdit: (turn, text) => edit({ turn, text }),
      onTry: (_, stepId) => goTo(stepId),
    };
    const head: StepActions = {
      ...other,
      onRetry: (turn, step) => retry({ turn, steps: [step] }),
      onOtherModel: (turn, step, model) => rerun({ turn, step, model }),
      onFromHere: (turn, step) => rerun({ turn, step }),
    };
    return { running, other, head };
  }, [retry, rerun, edit, goTo, fork, onSent]);
  const live = timeline !== undefined && liveTurn(timeline) !== undefined;
  const last = timeline?.turns.at(-1);
  return (turn) => {
    if (live || isLive(turn)) return all.running;
    return turn === last ? all.head : all.other;
  };
}
