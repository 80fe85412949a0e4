import { useQuery, useQueryClient } from "@tanstack/react-query";
import { PanelRight } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { Link } from "wouter";

import type { ApiProblem } from "../../api/problems";
import { sessions, timelineKey } from "../../api/queries";
import { isLive, liveTurn, type Timeline, withOlder } from "../../api/timeline";
import type { Step, Turn } from "../../api/types";
import { addDecimals, isFree, usd } from "../../lib/format";
import { read, write } from "../../lib/storage";
import { t } from "../../lib/strings";
import { ScreenHead } from "../../parts/ScreenHead";
import type { StepActions } from "../../parts/StepBlock";
import { cardId } from "../../parts/steps";
import { IconButton } from "../../ui/IconButton";

import { Announcer } from "./Announcer";
import { ConnectionBanner } from "./ConnectionBanner";
import { Dock } from "./Dock";
import { SentDrawer } from "./SentDrawer";
import { SessionMenu } from "./SessionMenu";
import { TablePanel } from "./TablePanel";
import { Transcript } from "./Transcript";
import { useLive } from "./useLive";
import { usePlace } from "./usePlace";
import { useTurns } from "./useTurns";

/** A session: its turns as they happen, and the box for the next. */
export function SessionScreen({ id }: { id: string }) {
  const { timeline, lost, problem, reload } = useLive(id);
  const place = usePlace(timeline?.session);
  const named = useQuery(sessions).data?.find((session) => session.id === id);
  const name = named?.name ?? timeline?.session.name ?? (problem ? t.product : t.shell.untitled);
  const [sentId, setSentId] = useState<string | null>(null);
  const [panel, setPanel] = useState(() => read<boolean>("panel") ?? true);
  const log = useRef<{ toEnd: () => void }>(null);
  const turns = useTurns(id, reload);
  const client = useQueryClient();
  const live = timeline && liveTurn(timeline);
  const showPanel = panel && timeline !== undefined && place !== undefined && !problem;
  const sent = sentId === null ? undefined : findStep(timeline, sentId);

  useEffect(() => {
    write("session", id);
    document.title = `${name} · ${t.product}`;
  }, [id, name]);

  const closeSent = () => {
    setSentId(null);
    if (sent) document.getElementById(cardId(sent.step))?.focus({ preventScroll: true });
  };
  const { retry, rerun } = turns;
  const actions = useMemo(() => {
    const onSent = (_: Turn, step: Step) =>
      setSentId((open) => (open === step.id ? null : step.id));
    const other: StepActions = { onSent };
    const head: StepActions = {
      onSent,
      onRetry: (turn, step) => retry.mutate({ turn, steps: [step] }),
      onOtherModel: (turn, step, model) => rerun.mutate({ turn, step, model }),
      onFromHere: (turn, step) => rerun.mutate({ turn, step }),
    };
    return { other, head };
    // Query's mutate functions stay the same for as long as the screen is there.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [retry.mutate, rerun.mutate]);
  const head = timeline?.turns.at(-1);
  const actionsFor = (turn: Turn) =>
    turn === head && !isLive(turn) ? actions.head : actions.other;

  return (
    <main
      id="main"
      tabIndex={-1}
      className="grid min-h-0 min-w-0 grid-cols-[minmax(0,1fr)] outline-none grid-rows-[var(--bar)_minmax(0,1fr)] bg-surface"
    >
      <ScreenHead
        within={place?.name}
        title={name}
        menu={timeline && <SessionMenu session={timeline.session} name={name} />}
      >
        {timeline && <SessionCost timeline={timeline} />}
        <IconButton
          label={t.panel.show}
          aria-pressed={panel}
          className="hidden min-[1280px]:inline-flex"
          onClick={() => {
            write("panel", !panel);
            setPanel(!panel);
          }}
        >
          <PanelRight className="icon" aria-hidden />
        </IconButton>
      </ScreenHead>
      <div
        className={`grid min-h-0 grid-cols-[minmax(0,1fr)] ${
          sent
            ? "desk:grid-cols-[minmax(0,1fr)_minmax(320px,var(--drawer))]"
            : showPanel
              ? "min-[1280px]:grid-cols-[minmax(0,1fr)_var(--table)]"
              : ""
        }`}
      >
        <div className="talk grid min-h-0 min-w-0 grid-cols-[minmax(0,1fr)] grid-rows-[auto_minmax(0,1fr)_auto]">
          <ConnectionBanner lost={lost} />
          {problem ? (
            <Broken problem={problem} />
          ) : timeline ? (
            <Transcript
              ref={log}
              timeline={timeline}
              place={place}
              actionsFor={actionsFor}
              sentStepId={sentId}
              onRetryMissing={live ? undefined : (turn) => turns.retry.mutate({ turn })}
              onDecide={(turn, word) => turns.decide.mutate({ turn, word })}
              decidingId={turns.decidedId}
              loadingOlder={turns.older.isPending}
              onOlder={() => {
                if (timeline.olderCursor === null) return;
                turns.older.mutate(timeline.olderCursor, {
                  onSuccess: (page) =>
                    client.setQueryData<Timeline>(
                      timelineKey(id),
                      (held) => held && withOlder(held, page),
                    ),
                });
              }}
            />
          ) : (
            <p className="p-6 text-13 text-fg-3" role="status">
              {t.session.loading}
            </p>
          )}
          {timeline && place && !problem && (
            <Dock
              key={id}
              sessionId={id}
              place={place}
              headTurnId={timeline.session.head_turn_id}
              live={live}
              turns={turns}
              escapeStops={!sent}
              onSent={() => log.current?.toEnd()}
            />
          )}
          <Announcer turn={head} />
        </div>
        {showPanel && !sent && <TablePanel timeline={timeline} place={place} />}
        {sent && <SentDrawer turn={sent.turn} step={sent.step} onClose={closeSent} />}
      </div>
    </main>
  );
}

/** Why the session cannot be shown, for good. */
function Broken({ problem }: { problem: ApiProblem }) {
  return (
    <div role="alert" className="grid content-center justify-items-center gap-3 p-6 text-center">
      <h2 className="text-17 font-semibold">
        {problem.status === 404 ? t.connection.gone : t.connection.broken}
      </h2>
      <p className="text-fg-2">{problem.message}</p>
      <Link href="/" className="btn">
        {t.shell.home}
      </Link>
    </div>
  );
}

/** What the session has cost; nothing while older turns are not loaded. */
function SessionCost({ timeline }: { timeline: Timeline }) {
  const cost = addDecimals(timeline.turns.map((turn) => turn.usage.cost_usd));
  if (timeline.olderCursor !== null || cost === null || isFree(cost)) return null;
  return <span className="chip phone:hidden">{t.session.cost(usd(cost))}</span>;
}

function findStep(timeline: Timeline | undefined, stepId: string) {
  for (const turn of timeline?.turns ?? []) {
    const step = turn.steps.find((other) => other.id === stepId);
    if (step) return { turn, step };
  }
  return undefined;
}
