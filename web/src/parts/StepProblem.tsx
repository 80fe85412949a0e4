import { useState } from "react";

import type { Step, StepError, Turn } from "../api/types";
import { t } from "../lib/strings";

import { OtherModel } from "./OtherModel";
import type { StepActions } from "./StepBlock";
import { useRemaining } from "./useNow";

interface Props {
  turn: Turn;
  step: Step;
  error: StepError;
  actions: StepActions;
}

/** Why a step failed, and what can be done about it. */
export function StepProblem({ turn, step, error, actions }: Props) {
  const over = step.status === "failed";
  return (
    <div className="oops">
      <p>
        <strong className="font-semibold">{ended(error.title)}</strong>{" "}
        <span className="why">
          {error.detail}
          {step.attempts > 1 && ` ${t.step.attempts(step.attempts)}.`}
          {!over && error.waitMs !== undefined && (
            <Wait key={step.attempts} ms={error.waitMs} />
          )}
        </span>
      </p>
      {over && (actions.onRetry ?? actions.onOtherModel) && (
        <span className="acts">
          {actions.onRetry && (
            <button
              type="button"
              data-key="r"
              className="btn btn-s"
              onClick={() => actions.onRetry?.(turn, step)}
            >
              {t.step.retryShort}
            </button>
          )}
          {actions.onOtherModel && step.agent && (
            <OtherModel
              model={step.agent.model}
              onChoose={(model) => actions.onOtherModel?.(turn, step, model)}
              trigger={
                <button type="button" className="btn btn-s">
                  {t.step.otherModel}
                </button>
              }
            />
          )}
        </span>
      )}
      {over && (
        <details className="w-full text-12 text-fg-2">
          <summary>{t.step.rawError}</summary>
          <pre className="overflow-x-auto pt-1 font-mono whitespace-pre-wrap">
            {JSON.stringify(error, null, 2)}
          </pre>
        </details>
      )}
    </div>
  );
}

/** How long it is until the next attempt, counted down from when the failure was told. */
function Wait({ ms }: { ms: number }) {
  const [end] = useState(() => Date.now() + ms);
  const left = useRemaining(end);
  return left > 0 && <> {t.step.waitsFor(Math.ceil(left / 1_000))}</>;
}

/** With a full stop at its end, so that the detail can follow. */
function ended(title: string): string {
  return /[.!?]$/.test(title) ? title : `${title}.`;
}
