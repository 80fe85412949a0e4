import { memo } from "react";

import { isLive } from "../api/timeline";
import type { Room, Step, Turn, Word } from "../api/types";
import { t } from "../lib/strings";

import { ApprovalBox } from "./ApprovalBox";
import { Columns } from "./Columns";
import { Notice } from "./Notice";
import { Plan } from "./Plan";
import { RollCall } from "./RollCall";
import { StepBlock, type StepActions } from "./StepBlock";
import { SumLine } from "./SumLine";
import { YourMessage } from "./YourMessage";
import { WaitIcon } from "./icons";
import { capsOf, verdictOf } from "./plan";
import { answers, cardId, isPinned, nameOf, tally } from "./steps";

/** Answers below each other, or side by side. */
export type View = "timeline" | "columns";

interface Props {
  turn: Turn;
  view?: View;
  actions: StepActions;
  /** The step whose "what was sent" is open. */
  sentStepId: string | null;
  /** The ids of pinned messages. */
  pinned?: readonly string[];
  /** Only the head can be retried. */
  onRetryMissing?: ((turn: Turn) => void) | undefined;
  /** The room whose caps the turn has. */
  room?: Pick<Room, "limits" | "updated_at"> | undefined;
  onDecide?: ((turn: Turn, word: Word) => void) | undefined;
  /** The approval whose word is on its way. */
  decidingId?: string | null;
}

const NONE: readonly string[] = [];

/** One message of the user and all that answers it. */
export const TurnCard = memo(function TurnCard(props: Props) {
  const { turn, actions, sentStepId, pinned = NONE, onRetryMissing } = props;
  const live = isLive(turn);
  const steps = answers(turn);
  const managed = turn.mode === "orchestrator";
  const summarising = turn.steps.some(
    (step) => step.kind === "summary" && step.status === "running",
  );
  // A manager's answer is of them all: it stands below.
  const beside = steps.filter((step) => step.kind === "answer");
  const columns = props.view === "columns" && beside.length > 1;
  const caps = managed && props.room ? capsOf(turn, props.room) : null;
  return (
    <section
      className={`turn ${live ? "turn-live" : ""}`}
      data-turn={turn.index}
      aria-labelledby={`turn-${turn.id}`}
    >
      <h2 id={`turn-${turn.id}`} className="vh">
        {t.session.turn(turn.index)}
      </h2>
      <YourMessage turn={turn} actions={actions} pinned={pinned.includes(turn.input_message_id)} />
      {managed && <Plan turn={turn} caps={caps} onJump={jumpTo} onSent={actions.onSent} />}
      {!managed && !columns && turn.mode !== "direct" && steps.length > 1 && (
        <RollCall turn={turn} onJump={jumpTo} />
      )}
      {(managed || steps.length > 1 || turn.status === "queued") && (
        <SumLine turn={turn} caps={caps} />
      )}
      {summarising && (
        <p className="st pb-3" role="status">
          <WaitIcon />
          {t.turn.summarising}
        </p>
      )}
      {columns && (
        <Columns
          turn={turn}
          steps={beside}
          actions={actions}
          sentStepId={sentStepId}
          pinned={pinned}
        />
      )}
      {turn.steps
        .filter((step) => !columns || !beside.includes(step))
        .map((step) =>
          steps.includes(step) ? (
            <StepBlock
              key={step.id}
              turn={turn}
              step={step}
              actions={actions}
              sentOpen={sentStepId === step.id}
              pinned={isPinned(step, pinned)}
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
