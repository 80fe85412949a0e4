import { memo } from "react";

import { isLive } from "../api/timeline";
import type { Step, Turn } from "../api/types";
import { clock, isFree } from "../lib/format";
import { t } from "../lib/strings";

import { Money } from "./Money";
import { Notice } from "./Notice";
import { RollCall } from "./RollCall";
import { cardId, StepBlock, type StepActions } from "./StepBlock";
import { TaggedText } from "./TaggedText";
import { answers, nameOf, tally } from "./steps";
import { useElapsed } from "./useNow";

interface Props {
  turn: Turn;
  actions: StepActions;
  /** The step whose "what was sent" is open. */
  sentStepId: string | null;
  /** Only the head can be retried. */
  onRetryMissing?: ((turn: Turn) => void) | undefined;
}

/** One message of the user and all that answers it. */
export const TurnCard = memo(function TurnCard(props: Props) {
  const { turn, actions, sentStepId, onRetryMissing } = props;
  const live = isLive(turn);
  const steps = answers(turn);
  return (
    <section className={`turn ${live ? "turn-live" : ""}`} aria-labelledby={`turn-${turn.id}`}>
      <h2 id={`turn-${turn.id}`} className="vh">
        {t.session.turn(turn.index)}
      </h2>
      <div className="you">
        <p>
          <span className="vh">{t.session.you}: </span>
          {turn.mode === "direct" ? (
            turn.input
          ) : (
            <TaggedText text={turn.input} seats={turn.roster} />
          )}
        </p>
      </div>
      {turn.mode !== "direct" && steps.length > 1 && <RollCall turn={turn} onJump={jumpTo} />}
      {(steps.length > 1 || turn.status === "queued") && <SumLine turn={turn} />}
      {steps.map((step) => (
        <StepBlock
          key={step.id}
          turn={turn}
          step={step}
          actions={actions}
          sentOpen={sentStepId === step.id}
        />
      ))}
      {!live && <Outcome turn={turn} onRetryMissing={onRetryMissing} />}
    </section>
  );
});

function jumpTo(step: Step): void {
  const card = document.getElementById(cardId(step));
  card?.scrollIntoView({ block: "start" });
  card?.focus({ preventScroll: true });
}

/** Mode, who has answered, what failed, time and cost, in a line. */
function SumLine({ turn }: { turn: Turn }) {
  const live = isLive(turn);
  const { all, done, failed } = tally(turn);
  const running = useElapsed(turn.started_at, live);
  const took =
    turn.finished_at && turn.started_at
      ? Date.parse(turn.finished_at) - Date.parse(turn.started_at)
      : null;
  const time = live ? running : took;
  const parts = [
    <span key="mode" className="phone:hidden">
      {t.modes[turn.mode].name}
    </span>,
    turn.retry_of && <span key="retry">{t.turn.retryOf}</span>,
    all > 1 && <span key="answered">{t.turn.answered(done, all)}</span>,
    failed > 0 && all > 1 && (
      <span key="failed" className="text-bad">
        {t.turn.failed(failed)}
        {live && done > 0 && <span className="phone:hidden">{t.turn.willBePartial}</span>}
      </span>
    ),
    turn.status === "queued" && <span key="queued">{t.turn.status.queued}</span>,
    time !== null && turn.status !== "queued" && (
      <span key="time" className="phone:hidden">
        {clock(time)}
      </span>
    ),
  ].filter(Boolean);
  return (
    <div className="callsum">
      {parts.flatMap((part, index) =>
        index === 0
          ? [part]
          : [
              <span key={`sep${index}`} className={index === 1 ? "sep phone:hidden" : "sep"} />,
              part,
            ],
      )}
      <span className="flex-1" />
      {turn.usage.calls > 0 && all > 1 && !isFree(turn.usage.cost_usd) && (
        <span className="chip">
          <Money
            value={turn.usage.cost_usd}
            estimated={turn.usage.estimated}
            unpriced={turn.usage.unpriced_calls}
          />
        </span>
      )}
    </div>
  );
}

/** What is to be said of a turn that is over and did not come out whole. */
function Outcome({ turn, onRetryMissing }: Pick<Props, "turn" | "onRetryMissing">) {
  const { all, done, missing } = tally(turn);
  const names = missing.map(nameOf);
  const lines = [
    turn.status === "partial" && `${t.turn.partial(done, all)} ${t.turn.missing(names)}`,
    turn.status === "failed" &&
      (turn.error ? `${turn.error.title}. ${turn.error.detail}` : t.turn.allFailed),
    turn.status === "cancelled" && t.turn.stopped(names),
    turn.stop_reason !== null &&
      (t.turn.stopReason[turn.stop_reason] ?? t.turn.stopReasonOther(turn.stop_reason)),
    ...turn.warnings.map((warning) => warning.detail),
  ].filter((line) => typeof line === "string");
  if (lines.length === 0) return null;
  const retry =
    missing.length === 1 && missing[0] ? t.turn.retryOne(nameOf(missing[0])) : t.turn.retryMissing;
  return (
    <Notice
      actions={
        onRetryMissing &&
        missing.length > 0 && (
          <button type="button" className="btn btn-s" onClick={() => onRetryMissing(turn)}>
            {retry}
          </button>
        )
      }
    >
      {lines.join(" ")}
    </Notice>
  );
}
