import { useEffect, useRef } from "react";

import type { Step, Turn } from "../api/types";
import { t } from "../lib/strings";

import { Avatar } from "./Avatar";
import { lookOf, StateMark } from "./StateMark";
import { useIsWriting } from "./stepText";
import { answers, nameOf, waitingFor } from "./steps";

interface Props {
  turn: Turn;
  onJump: (step: Step) => void;
}

/** One segment per seat, in the order of answering. */
export function RollCall({ turn, onJump }: Props) {
  const list = useRef<HTMLOListElement>(null);
  const steps = answers(turn);
  const live = steps.findIndex((step) => step.status === "running");
  useEffect(() => {
    // Where the seats scroll sideways, the one that answers stays in sight.
    const seats = list.current;
    const seat = seats?.children[live];
    if (!seats || !(seat instanceof HTMLElement)) return;
    const middle = seat.offsetLeft - (seats.clientWidth - seat.offsetWidth) / 2;
    seats.scrollLeft = Math.max(0, middle);
  }, [live]);
  return (
    <div className="call-bar">
      {/* eslint-disable-next-line jsx-a11y/no-redundant-roles -- a list without markers loses its role in Safari */}
      <ol ref={list} className="call" role="list" aria-label={t.turn.rollCall}>
        {steps.map((step) => (
          <Seat key={step.id} turn={turn} step={step} onJump={onJump} />
        ))}
      </ol>
    </div>
  );
}

function Seat({ turn, step, onJump }: Props & { step: Step }) {
  const writing = useIsWriting(step);
  const name = nameOf(step);
  return (
    <li aria-current={step.status === "running" ? "step" : undefined}>
      <button
        type="button"
        className="seat"
        data-c={step.agent?.color}
        data-look={lookOf(step)}
        onClick={() => onJump(step)}
      >
        <Avatar name={name} color={step.agent?.color ?? 0} />
        <span className="nm cut">{name}</span>
        <StateMark step={step} writing={writing} waiting={waitingFor(turn, step, true)} withTime />
      </button>
    </li>
  );
}
