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
  return (
    // eslint-disable-next-line jsx-a11y/no-redundant-roles -- a list without markers loses its role in Safari
    <ol className="call" role="list" aria-label={t.turn.rollCall}>
      {answers(turn).map((step) => (
        <Seat key={step.id} turn={turn} step={step} onJump={onJump} />
      ))}
    </ol>
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
        <StateMark
          step={step}
          writing={writing}
          waiting={waitingFor(turn, step, true)}
          withTime
        />
      </button>
    </li>
  );
}
