import { isLive } from "../api/timeline";
import type { Turn } from "../api/types";
import { clock, duration, isFree } from "../lib/format";
import { t } from "../lib/strings";

import { Money } from "./Money";
import { type Caps, roundsOf } from "./plan";
import { tally } from "./steps";
import { useElapsed } from "./useNow";

/** Rounds and specialist calls of a managed turn, of what its caps allow where they are known. */
function used(turn: Turn, caps: Caps | null): string[] {
  const all = roundsOf(turn);
  const calls = turn.steps.filter((step) => step.kind === "answer").length;
  const past = all.filter((round) => round.decision?.action === "delegate").length;
  // A greeting needs nobody.
  if (!isLive(turn) && past === 0) return [];
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
export function SumLine({ turn, caps }: { turn: Turn; caps: Caps | null }) {
  const live = isLive(turn);
  const { all, done, failed } = tally(turn);
  // What began before the event that says so is a step's: of this try, not of the one before.
  const first = turn.steps.find((step) => step.started_at && step.source_step_id === null);
  const since = turn.started_at ?? first?.started_at ?? null;
  const running = useElapsed(since, live);
  const took =
    turn.finished_at && turn.started_at
      ? Date.parse(turn.finished_at) - Date.parse(turn.started_at)
      : null;
  const time = live ? running : took;
  const managed = turn.mode === "orchestrator";
  const waiting = turn.status === "queued" && since === null;
  const clockPart = time !== null && !waiting && (
    <span key="time" className="phone:hidden">
      {!live
        ? duration(time)
        : caps?.turnMs
          ? t.plan.timeOf(clock(time), clock(caps.turnMs))
          : clock(time)}
    </span>
  );
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
    clockPart,
  ]
    .flat()
    .filter(Boolean);
  return (
    <div className="callsum">
      {parts.flatMap((part, index) =>
        index === 0
          ? [part]
          : [
              <span
                key={`sep${index}`}
                // A phone has neither the mode before the first nor the time after the last.
                className={index === 1 || part === clockPart ? "sep phone:hidden" : "sep"}
              />,
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
