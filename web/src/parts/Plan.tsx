import { CircleAlert, CircleSlash, UserCheck, UserX } from "lucide-react";
import type { ReactNode } from "react";

import type { Step, Turn, Verdict } from "../api/types";
import { duration, isFree, usd } from "../lib/format";
import { t } from "../lib/strings";

import { Avatar } from "./Avatar";
import { lookOf, StateMark } from "./StateMark";
import { WaitIcon } from "./icons";
import {
  type Caps,
  comesNext,
  nameOfKey,
  type PlanRound,
  type PlanRow,
  roundsOf,
  synthesisOf,
} from "./plan";
import { useIsWriting } from "./stepText";
import { cardId, nameOf } from "./steps";

interface Props {
  turn: Turn;
  caps: Caps | null;
  onJump: (step: Step) => void;
  onSent: (turn: Turn, step: Step) => void;
}

/** What the manager has decided, who does what and how it stands, and what comes next. */
export function Plan({ turn, caps, onJump, onSent }: Props) {
  const next = comesNext(turn, caps);
  return (
    // eslint-disable-next-line jsx-a11y/no-redundant-roles -- a list without markers loses its role in Safari
    <ol className="plan num" role="list" aria-label={t.plan.label}>
      {roundsOf(turn).map((round) => (
        <Round key={round.route.id} turn={turn} round={round} onJump={onJump} onSent={onSent} />
      ))}
      {next !== null && (
        <li className="plan-then">
          <WaitIcon />
          {next}
        </li>
      )}
      {turn.finished_at !== null && turn.stop_reason !== null && (
        <li className="plan-then plan-stop">
          <CircleAlert className="icon icon-s" aria-hidden />
          <span>
            {t.turn.stopReason[turn.stop_reason] ?? t.turn.stopReasonOther(turn.stop_reason)}
            {synthesisOf(turn)?.status === "completed" && ` ${t.plan.answeredAnyway}`}
          </span>
        </li>
      )}
    </ol>
  );
}

type RoundProps = Omit<Props, "caps"> & { round: PlanRound };

function Round({ turn, round, onJump, onSent }: RoundProps) {
  const { route, decision, verdict } = round;
  const failed = route.status === "failed";
  const reason = failed ? route.error?.title : decision?.reason;
  return (
    <>
      <li
        id={cardId(route)}
        tabIndex={-1}
        className="plan-head"
        aria-current={route.status === "running" ? "step" : undefined}
      >
        <Avatar name={nameOf(route)} color="manager" size="s" />
        <strong className="flex-none font-semibold">
          {decision?.action === "finish" ? t.plan.finish : t.plan.round(round.number)}
        </strong>
        {reason && <span className="plan-reason">{reason}</span>}
        <span className="flex-1" />
        {route.status === "completed" ? (
          <DecisionCost turn={turn} route={route} onSent={onSent} />
        ) : (
          <StateMark step={route} writing={false} waiting={t.step.waits} />
        )}
      </li>
      {failed && route.error && (
        <li className="plan-note">
          <CircleAlert className="icon icon-s text-bad" aria-hidden />
          <span>{route.error.detail}</span>
        </li>
      )}
      {verdict && <Word verdict={verdict} />}
      {round.rows.map((row, index) => (
        <Assigned key={index} turn={turn} row={row} onJump={onJump} />
      ))}
    </>
  );
}

/** How long a decision took and what it cost; it opens what the manager was sent for it. */
function DecisionCost({ turn, route, onSent }: { turn: Turn; route: Step } & Pick<Props, "onSent">) {
  if (route.source_step_id !== null)
    return <span className="plan-meta">{t.step.takenOver}</span>;
  const facts = [
    route.latency_ms !== null && duration(route.latency_ms),
    route.usage.calls > 0 &&
      !isFree(route.usage.cost_usd) &&
      usd(route.usage.cost_usd, route.usage.estimated),
  ].filter(Boolean);
  return (
    <button
      type="button"
      className="plan-meta link"
      title={t.sent.title(nameOf(route))}
      onClick={() => onSent(turn, route)}
    >
      {facts.join(", ") || t.step.sentLive}
    </button>
  );
}

/** What the user said to a proposal. */
function Word({ verdict }: { verdict: Verdict }) {
  const refused = verdict.action !== "approve";
  const Icon = refused ? UserX : UserCheck;
  return (
    <li className="plan-note">
      <Icon className="icon icon-s" aria-hidden />
      <span>
        {refused
          ? t.approval.said[verdict.action]
          : verdict.assignments
            ? t.approval.said.edited
            : t.approval.said.approve}
        {verdict.note && <q className="plan-quote">{verdict.note}</q>}
      </span>
    </li>
  );
}

function Assigned({ turn, row, onJump }: { turn: Turn; row: PlanRow } & Pick<Props, "onJump">) {
  const { step } = row;
  const name = nameOfKey(turn, row.agent);
  const color = turn.roster.find((seat) => seat.key === row.agent)?.color ?? 0;
  const inside = (
    <>
      <Avatar name={name} color={color} size="s" off={row.refused} />
      <span className="cut text-left font-strong">{name}</span>
      <span className="plan-brief">{row.brief}</span>
      {step ? <RowState step={step} /> : <NoStep refused={row.refused} />}
    </>
  );
  return (
    <li data-c={color} aria-current={step?.status === "running" ? "step" : undefined}>
      {step ? (
        <button
          type="button"
          className="plan-row"
          data-look={lookOf(step)}
          onClick={() => onJump(step)}
        >
          {inside}
        </button>
      ) : (
        <span className="plan-row" data-look={row.refused ? "stop" : "wait"}>
          {inside}
        </span>
      )}
    </li>
  );
}

function RowState({ step }: { step: Step }) {
  const writing = useIsWriting(step);
  return <StateMark step={step} writing={writing} waiting={t.step.waits} withTime />;
}

function NoStep({ refused }: { refused: boolean }): ReactNode {
  return (
    <span className="st">
      {refused ? <CircleSlash className="icon icon-s" aria-hidden /> : <WaitIcon />}
      {refused ? t.plan.notAsked : t.step.waits}
    </span>
  );
}
