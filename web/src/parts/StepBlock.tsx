import { RotateCw } from "lucide-react";
import { memo, useState } from "react";

import type { Step, Turn } from "../api/types";
import { count, duration, elapsed } from "../lib/format";
import { t } from "../lib/strings";
import { CopyButton } from "../ui/CopyButton";
import { IconButton } from "../ui/IconButton";

import { Avatar } from "./Avatar";
import { Money } from "./Money";
import { lookOf, StateMark } from "./StateMark";
import { StepProblem } from "./StepProblem";
import { Markdown } from "./markdown/Markdown";
import { briefOf } from "./plan";
import { useStepText } from "./stepText";
import { cardId, colorOf, isInOrder, nameOf, waitingFor } from "./steps";
import { useElapsed } from "./useNow";

/** What can be done with a step. Absent where it cannot be done now. */
export interface StepActions {
  onRetry?: (turn: Turn, step: Step) => void;
  onOtherModel?: (turn: Turn, step: Step, model: string) => void;
  onFromHere?: (turn: Turn, step: Step) => void;
  onSent: (turn: Turn, step: Step) => void;
}

interface Props {
  turn: Turn;
  step: Step;
  actions: StepActions;
  /** Its "what was sent" is open. */
  sentOpen: boolean;
}

const CARET = <span className="caret" aria-hidden />;

/** An agent's card: who, how it stands, its words, what it read. */
export const StepBlock = memo(function StepBlock({ turn, step, actions, sentOpen }: Props) {
  const text = useStepText(step);
  const running = step.status === "running";
  const name = nameOf(step);
  const brief = briefOf(turn, step);
  const over = !running && step.status !== "pending";
  const given = isGiven(step);
  return (
    <article
      id={cardId(step)}
      tabIndex={-1}
      className="card"
      data-c={colorOf(step)}
      data-look={text === "" && lookOf(step) === "stop" ? "wait" : lookOf(step)}
      aria-label={name}
    >
      <Avatar name={name} color={colorOf(step)} />
      <div className="min-w-0">
        <header className="card-head">
          <h3 className="cut flex-none">{name}</h3>
          {step.kind === "synthesis" && !given && (
            <span className="chip flex-none">{t.step.synthesis}</span>
          )}
          <span className="model cut">{step.agent?.model}</span>
          <StateMark step={step} writing={text !== ""} waiting={waitingFor(turn, step, false)} />
          <span className="card-meta">
            <Time step={step} />
            <Cost step={step} />
          </span>
        </header>
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
        {(running || step.status === "completed" || step.attempts > 0) && (
          <Foot turn={turn} step={step} actions={actions} sentOpen={sentOpen} text={text} />
        )}
      </div>
    </article>
  );
});

/** Whether nobody was asked for it: a manager's decision held the answer already. */
function isGiven(step: Step): boolean {
  return step.status === "completed" && step.attempts === 0 && step.source_step_id === null;
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

function Foot({ turn, step, actions, sentOpen, text }: Props & { text: string }) {
  const tokens = step.usage.input_tokens;
  const over = step.status !== "running";
  return (
    <div className="card-foot">
      <WhatItRead turn={turn} step={step} />
      {isGiven(step) ? (
        <span>{t.step.given}</span>
      ) : (
        <button
          type="button"
          className="link"
          aria-expanded={sentOpen}
          onClick={() => actions.onSent(turn, step)}
        >
          {tokens > 0 ? t.step.sent(count(tokens)) : t.step.sentLive}
        </button>
      )}
      <span className="card-acts">
        {over && actions.onRetry && step.status !== "failed" && (
          <IconButton
            label={t.step.retry}
            className="phone:hidden"
            onClick={() => actions.onRetry?.(turn, step)}
          >
            <RotateCw className="icon icon-s" aria-hidden />
          </IconButton>
        )}
        {text !== "" && <CopyButton text={() => text} label={t.step.copy} />}
      </span>
    </div>
  );
}

/** Whose answers of this turn the step was given; failed ones are grey. */
function WhatItRead({ turn, step }: { turn: Turn; step: Step }) {
  if (step.source_step_id !== null)
    return (
      <>
        <span className="cut">{t.step.takenOver}</span>
        <Dot />
      </>
    );
  if (turn.mode === "orchestrator" && step.kind === "answer")
    return (
      <>
        <span className="cut">{t.step.gotBrief}</span>
        <Dot />
      </>
    );
  if (step.read.length === 0) {
    const first = isInOrder(turn) || turn.mode === "roundtable";
    if (!first) return null;
    return (
      <>
        <span>{t.step.firstSeat}</span>
        <Dot />
      </>
    );
  }
  const read = step.read.flatMap((item) => {
    const other = turn.steps.find((candidate) => candidate.id === item.step_id);
    return other ? [{ other, failed: item.status !== "completed" }] : [];
  });
  const good = read.filter((item) => !item.failed);
  const bad = read.filter((item) => item.failed);
  const stack = (items: typeof read, off: boolean) => (
    <span className="inline-flex gap-[3px]">
      {items.map(({ other }) => (
        <span key={other.id} className="inline-flex" title={nameOf(other)}>
          <Avatar name={nameOf(other)} color={other.agent?.color ?? 0} size="xs" off={off} />
          <span className="vh">{nameOf(other)}</span>
        </span>
      ))}
    </span>
  );
  return (
    <>
      <span className="tiny:hidden">{t.step.read}</span>
      {good.length > 0 && stack(good, false)}
      {good.length > 0 && <span className="phone:hidden">{t.step.answers(good.length)}</span>}
      {good.length > 0 && bad.length > 0 && <span className="phone:hidden">{t.step.and}</span>}
      {bad.length > 0 && stack(bad, true)}
      {bad.length > 0 && <span className="phone:hidden">{t.step.errors(bad.length)}</span>}
      <Dot />
    </>
  );
}

function Dot() {
  return (
    <span className="text-fg-3" aria-hidden>
      ·
    </span>
  );
}
