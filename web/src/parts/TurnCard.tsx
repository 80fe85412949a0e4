import { memo } from "react";

import { isLive } from "../api/timeline";
import type { Room, Step, Turn, Word } from "../api/types";
import { clock, isFree } from "../lib/format";
import { t } from "../lib/strings";

import { ApprovalBox } from "./ApprovalBox";
import { Money } from "./Money";
import { Notice } from "./Notice";
import { Plan } from "./Plan";
import { RollCall } from "./RollCall";
import { StepBlock, type StepActions } from "./StepBlock";
import { TaggedText } from "./TaggedText";
import { type Caps, capsOf, roundsOf, verdictOf } from "./plan";
import { answers, cardId, nameOf, tally } from "./steps";
import { useElapsed } from "./useNow";

interface Props {
  turn: Turn;
  actions: StepActions;
  /** The step whose "what was sent" is open. */
  sentStepId: string | null;
  /** Only the head can be retried. */
  onRetryMissing?: ((turn: Turn) => void) | undefined;
  /** The room whose caps the turn has. */
  room?: Pick<Room, "limits" | "updated_at"> | undefined;
  onDecide?: ((turn: Turn, word: Word) => void) | undefined;
  /** The approval whose word is on its way. */
  decidingId?: string | null;
}

/** One message of the user and all that answers it. */
export const TurnCard = memo(function TurnCard(props: Props) {
  const { turn, actions, sentStepId, onRetryMissing } = props;
  const live = isLive(turn);
  const steps = answers(turn);
  const managed = turn.mode === "orchestrator";
  const caps = managed && props.room ? capsOf(turn, props.room) : null;
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
      {managed && <Plan turn={turn} caps={caps} onJump={jumpTo} onSent={actions.onSent} />}
      {!managed && turn.mode !== "direct" && steps.length > 1 && (
        <RollCall turn={turn} onJump={jumpTo} />
      )}
      {(managed || steps.length > 1 || turn.status === "queued") && (
        <SumLine turn={turn} caps={caps} />
      )}
      {turn.steps.map((step) =>
        steps.includes(step) ? (
          <StepBlock
            key={step.id}
            turn={turn}
            step={step}
            actions={actions}
            sentOpen={sentStepId === step.id}
          />
        ) : (
          !managed && <Interjection key={step.id} step={step} />
        ),
      )}
      {turn.approval && (
        <ApprovalBox
          key={turn.approval.id}
          turn={turn}
          approval={turn.approval}
          deciding={props.decidingId === turn.approval.id}
          onDecide={props.onDecide}
        />
      )}
      {!live && <Outcome turn={turn} onRetryMissing={onRetryMissing} />}
    </section>
  );
});

function jumpTo(step: Step): void {
  const card = document.getElementById(cardId(step));
  card?.scrollIntoView({ block: "start" });
  card?.focus({ preventScroll: true });
}

/** What the user said between two agents. */
function Interjection({ step }: { step: Step }) {
  const note = verdictOf(step)?.note;
  if (!note) return null;
  return (
    <div className="you you-between">
      <p>
        <span className="vh">{t.session.you}: </span>
        {note}
      </p>
    </div>
  );
}

/** Rounds and specialist calls of a managed turn, of what its caps allow where they are known. */
function used(turn: Turn, caps: Caps | null): string[] {
  const all = roundsOf(turn);
  const calls = turn.steps.filter((step) => step.kind === "answer").length;
  const past = all.filter((round) => round.decision?.action === "delegate").length;
  const rounds = isLive(turn)
    ? caps
      ? t.plan.roundOf(Math.max(1, all.length), caps.rounds)
      : t.plan.round(Math.max(1, all.length))
    : caps
      ? t.plan.roundsOf(past, caps.rounds)
      : t.plan.rounds(past);
  return [rounds, caps ? t.plan.callsOf(calls, caps.calls) : t.plan.calls(calls)];
}

/** Mode, who has answered or which caps are used, what failed, time and cost, in a line. */
function SumLine({ turn, caps }: { turn: Turn; caps: Caps | null }) {
  const live = isLive(turn);
  const { all, done, failed } = tally(turn);
  const running = useElapsed(turn.started_at, live);
  const took =
    turn.finished_at && turn.started_at
      ? Date.parse(turn.finished_at) - Date.parse(turn.started_at)
      : null;
  const time = live ? running : took;
  const managed = turn.mode === "orchestrator";
  const waiting = turn.status === "queued" && turn.started_at === null;
  const parts = [
    <span key="mode" className="phone:hidden">
      {t.modes[turn.mode].name}
    </span>,
    turn.retry_of && <span key="retry">{t.turn.retryOf}</span>,
    managed && used(turn, caps).map((words) => <span key={words}>{words}</span>),
    !managed && all > 1 && <span key="answered">{t.turn.answered(done, all)}</span>,
    failed > 0 && all > 1 && (
      <span key="failed" className="text-bad">
        {t.turn.failed(failed)}
        {live && done > 0 && <span className="phone:hidden">{t.turn.willBePartial}</span>}
      </span>
    ),
    waiting && <span key="queued">{t.turn.status.queued}</span>,
    turn.status === "awaiting_input" && <span key="awaiting">{t.turn.status.awaiting_input}</span>,
    time !== null && !waiting && (
      <span key="time" className="phone:hidden">
        {live && caps?.turnMs ? t.plan.timeOf(clock(time), clock(caps.turnMs)) : clock(time)}
      </span>
    ),
  ]
    .flat()
    .filter(Boolean);
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
      {turn.usage.calls > 0 && (managed || all > 1) && !isFree(turn.usage.cost_usd) && (
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

function missingName(step: Step): string {
  return step.kind === "synthesis" ? t.turn.missingSynthesis : nameOf(step);
}

/** What is to be said of a turn that is over and did not come out whole. */
function Outcome({ turn, onRetryMissing }: Pick<Props, "turn" | "onRetryMissing">) {
  const { all, done, missing } = tally(turn);
  const names = [...new Set(missing.map(missingName))];
  const lines = [
    turn.status === "partial" && `${t.turn.partial(done, all)} ${t.turn.missing(names)}`,
    turn.status === "failed" &&
      (turn.error ? `${turn.error.title}. ${turn.error.detail}` : t.turn.allFailed),
    turn.status === "cancelled" && t.turn.stopped(names),
    turn.stop_reason !== null &&
      turn.mode !== "orchestrator" &&
      (t.turn.stopReason[turn.stop_reason] ?? t.turn.stopReasonOther(turn.stop_reason)),
    ...turn.warnings.map((warning) => warning.detail),
  ].filter((line) => typeof line === "string");
  if (lines.length === 0) return null;
  const retry =
    missing.length === 1 && missing[0] ? t.turn.retryOne(missingName(missing[0])) : t.turn.retryMissing;
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
