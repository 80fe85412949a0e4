import { memo, type ReactNode, useLayoutEffect, useRef, useState } from "react";

import type { Step, Turn } from "../api/types";
import { duration, elapsed } from "../lib/format";
import { t } from "../lib/strings";

import { Avatar } from "./Avatar";
import { Money } from "./Money";
import { lookOf, StateMark } from "./StateMark";
import { StepFoot } from "./StepFoot";
import { StepProblem } from "./StepProblem";
import { Markdown } from "./markdown/Markdown";
import { briefOf } from "./plan";
import { useStepText } from "./stepText";
import { cardId, colorOf, isGiven, nameOf, waitingFor } from "./steps";
import { useElapsed } from "./useNow";

/** What can be done with a step. Absent where it cannot be done now. */
export interface StepActions {
  onRetry?: (turn: Turn, step: Step) => void;
  onOtherModel?: (turn: Turn, step: Step, model: string) => void;
  onFromHere?: (turn: Turn, step: Step) => void;
  /** Show another try of the step. */
  onTry?: (turn: Turn, stepId: string) => void;
  /** Go on from this turn in a session of its own. */
  onFork?: (turn: Turn) => void;
  /** Tell every agent of a message from now on, or no more. */
  onPin?: (messageId: string, pinned: boolean) => void;
  /** Delete what was said. */
  onTakeBack?: (messageId: string) => void;
  /** Ask the turn's question anew, in other words. */
  onEdit?: (turn: Turn, text: string) => void;
  onSent: (turn: Turn, step: Step) => void;
}

interface Props {
  turn: Turn;
  step: Step;
  actions: StepActions;
  /** Its "what was sent" is open. */
  sentOpen: boolean;
  /** Its message is pinned. */
  pinned?: boolean;
  /** Beside the others, not below them. */
  column?: boolean;
}

const CARET = <span className="caret" aria-hidden />;

/** An agent's card: who, how it stands, its words, what it read. */
export const StepBlock = memo(function StepBlock(props: Props) {
  const { turn, step, column = false } = props;
  const text = useStepText(step);
  const name = nameOf(step);
  const look = text === "" && lookOf(step) === "stop" ? "wait" : lookOf(step);
  const avatar = <Avatar name={name} color={colorOf(step)} />;
  const shared = {
    id: cardId(step),
    tabIndex: -1,
    "data-card": true,
    "data-c": colorOf(step),
    "data-look": look,
    "aria-label": name,
  };
  if (column)
    return (
      <article {...shared} className="col">
        <header className="col-head">
          {avatar}
          <span className="min-w-0 flex-1">
            <h3 className="cut">{name}</h3>
            <StateMark
              step={step}
              writing={text !== ""}
              waiting={waitingFor(turn, step, true)}
              withTime
            />
          </span>
          <span className="card-meta">
            <Cost step={step} />
          </span>
        </header>
        <ColumnBody live={step.status === "running"} text={text}>
          <StepBody {...props} text={text} />
        </ColumnBody>
        <StepFoot {...props} text={text} />
      </article>
    );
  return (
    <article {...shared} className="card">
      {avatar}
      <div className="min-w-0">
        <header className="card-head">
          <h3 className="cut flex-none">{name}</h3>
          {step.kind === "synthesis" && !isGiven(step) && (
            <span className="chip flex-none">{t.step.synthesis}</span>
          )}
          <span className="model cut">{step.agent?.model}</span>
          <StateMark step={step} writing={text !== ""} waiting={waitingFor(turn, step, false)} />
          <span className="card-meta">
            <Time step={step} />
            <Cost step={step} />
          </span>
        </header>
        <StepBody {...props} text={text} />
        <StepFoot {...props} text={text} />
      </div>
    </article>
  );
});

/** A step's brief, words, error, and that it answers to something older. */
function StepBody({ turn, step, actions, text }: Props & { text: string }) {
  const running = step.status === "running";
  const brief = briefOf(turn, step);
  const over = !running && step.status !== "pending";
  return (
    <>
      {brief !== null && <Brief text={brief} />}
      {(text !== "" || (running && !step.error)) && (
        <Markdown text={text} live={running} after={running && text !== "" ? CARET : undefined} />
      )}
      {step.status === "completed" && text === "" && (
        <p className="text-fg-3">{t.step.emptyAnswer}</p>
      )}
      {step.error && (running || step.status === "failed") && (
        <StepProblem turn={turn} step={step} error={step.error} actions={actions} />
      )}
      {step.stale && over && (
        <p className="flex flex-wrap items-center gap-2 pt-1 text-12 text-warn">
          {t.step.stale}
          {actions.onFromHere && (
            <button
              type="button"
              className="link"
              onClick={() => actions.onFromHere?.(turn, step)}
            >
              {t.step.fromHere}
            </button>
          )}
        </p>
      )}
    </>
  );
}

/** What scrolls in a column; its end stays in sight while words come and the reader is there. */
function ColumnBody({ live, text, children }: { live: boolean; text: string; children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  const stuck = useRef(true);
  useLayoutEffect(() => {
    if (live && stuck.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [live, text]);
  return (
    <div
      ref={box}
      className="col-body"
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        stuck.current = scrollHeight - scrollTop - clientHeight < 24;
      }}
    >
      {children}
    </div>
  );
}

const LONG_BRIEF = 160;

/** What the manager has asked for; a long one is shown whole on demand. */
function Brief({ text }: { text: string }) {
  const [open, setOpen] = useState(false);
  const long = text.length > LONG_BRIEF;
  return (
    <div className="brief">
      <p className={long && !open ? "brief-short" : ""}>
        <span className="text-fg-3">{t.step.brief}: </span>
        {text}
      </p>
      {long && (
        <button
          type="button"
          className="link text-12"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          {open ? t.step.less : t.step.more}
        </button>
      )}
    </div>
  );
}

function Time({ step }: { step: Step }) {
  const running = step.status === "running";
  const time = useElapsed(step.started_at, running);
  if (running && time !== null) return <span className="phone:hidden">{elapsed(time)}</span>;
  if (step.latency_ms === null || step.source_step_id !== null) return null;
  if (step.status !== "completed") return null;
  return <span className="phone:hidden">{duration(step.latency_ms)}</span>;
}

function Cost({ step }: { step: Step }) {
  if (step.source_step_id !== null) return null;
  if (step.usage.calls > 0 && step.status === "completed")
    return <Money value={step.usage.cost_usd} estimated={step.usage.estimated} />;
  if (step.status === "failed")
    return <span>{step.charged ? t.step.charged : t.step.notCharged}</span>;
  return null;
}
