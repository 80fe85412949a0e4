import { ChevronLeft, ChevronRight, GitFork, RotateCw, Shuffle } from "lucide-react";

import type { Step, Turn } from "../api/types";
import { count } from "../lib/format";
import { t } from "../lib/strings";
import { CopyButton } from "../ui/CopyButton";
import { IconButton } from "../ui/IconButton";

import { Avatar } from "./Avatar";
import { MessageMenu, PinMark } from "./MessageMenu";
import { OtherModel } from "./OtherModel";
import type { StepActions } from "./StepBlock";
import { isGiven, isInOrder, nameOf, triesOf } from "./steps";

interface Props {
  turn: Turn;
  step: Step;
  actions: StepActions;
  sentOpen: boolean;
  pinned?: boolean;
  text: string;
}

/** What a step read and was sent, its other tries, and what can be done with it. */
export function StepFoot({ turn, step, actions, sentOpen, pinned = false, text }: Props) {
  const running = step.status === "running";
  if (!running && step.status !== "completed" && step.attempts === 0) return null;
  const tokens = step.usage.input_tokens;
  const done = step.status === "completed" || step.status === "cancelled";
  return (
    <div className="card-foot">
      <WhatItRead turn={turn} step={step} />
      {isGiven(step) ? (
        <span>{t.step.given}</span>
      ) : (
        <button
          type="button"
          data-key="s"
          className="link"
          aria-expanded={sentOpen}
          onClick={() => actions.onSent(turn, step)}
        >
          {tokens > 0 ? t.step.sent(count(tokens)) : t.step.sentLive}
        </button>
      )}
      {pinned && <PinMark />}
      <Tries turn={turn} step={step} onTry={actions.onTry} />
      <span className="card-acts">
        {done && actions.onRetry && (
          <IconButton
            data-key="r"
            label={t.step.retry}
            onClick={() => actions.onRetry?.(turn, step)}
          >
            <RotateCw className="icon icon-s" aria-hidden />
          </IconButton>
        )}
        {done && actions.onOtherModel && step.agent && (
          <OtherModel
            model={step.agent.model}
            onChoose={(model) => actions.onOtherModel?.(turn, step, model)}
            trigger={
              <IconButton label={t.step.otherModel} className="phone:hidden">
                <Shuffle className="icon icon-s" aria-hidden />
              </IconButton>
            }
          />
        )}
        {done && actions.onFork && (
          <IconButton
            label={t.step.fork}
            className="phone:hidden"
            onClick={() => actions.onFork?.(turn)}
          >
            <GitFork className="icon icon-s" aria-hidden />
          </IconButton>
        )}
        {step.message?.id && step.source_step_id === null && text !== "" && (
          <MessageMenu messageId={step.message.id} pinned={pinned} actions={actions} />
        )}
        {text !== "" && <CopyButton data-key="c" text={() => text} label={t.step.copy} />}
      </span>
    </div>
  );
}

/** ‹ 2/3 ›: the step was run more than once. */
function Tries({ turn, step, onTry }: Pick<Props, "turn" | "step"> & Pick<StepActions, "onTry">) {
  const { ids, at } = triesOf(step);
  if (ids.length < 2) return null;
  const go = (by: number, label: string, Icon: typeof ChevronLeft) => {
    const id = ids[at + by];
    return (
      onTry && (
        <IconButton
          label={label}
          className="try"
          disabled={id === undefined}
          onClick={() => id !== undefined && onTry(turn, id)}
        >
          <Icon className="icon icon-s" aria-hidden />
        </IconButton>
      )
    );
  };
  return (
    <span className="flex items-center" role="group" aria-label={t.step.tries}>
      {go(-1, t.step.tryBefore, ChevronLeft)}
      <span title={t.step.tryOf(at + 1, ids.length)}>
        <span className="vh">{t.step.tryOf(at + 1, ids.length)}</span>
        <span aria-hidden>
          {at + 1}/{ids.length}
        </span>
      </span>
      {go(1, t.step.tryAfter, ChevronRight)}
    </span>
  );
}

/** Whose answers of this turn the step was given; failed ones are grey. */
function WhatItRead({ turn, step }: { turn: Turn; step: Step }) {
  if (step.source_step_id !== null)
    return (
      <>
        <span className="cut">{turn.retry_of ? t.step.takenOver : t.step.fromOrigin}</span>
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
      {good.length > 0 && <span className="read-words">{t.step.answers(good.length)}</span>}
      {good.length > 0 && bad.length > 0 && <span className="read-words">{t.step.and}</span>}
      {bad.length > 0 && stack(bad, true)}
      {bad.length > 0 && <span className="read-words">{t.step.errors(bad.length)}</span>}
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
