import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { Link } from "wouter";

import type { ApiProblem } from "../../api/problems";
import { sessions, timelineKey } from "../../api/queries";
import { liveTurn, type Timeline, withOlder } from "../../api/timeline";
import type { Step } from "../../api/types";
import { write } from "../../lib/storage";
import { t } from "../../lib/strings";
import { editButtonId } from "../../parts/YourMessage";
import { cardId } from "../../parts/steps";

import { Announcer } from "./Announcer";
import { ConnectionBanner } from "./ConnectionBanner";
import { Dock } from "./Dock";
import { SentDrawer } from "./SentDrawer";
import { SessionHead } from "./SessionHead";
import { TablePanel } from "./TablePanel";
import { Transcript } from "./Transcript";
import { useActions } from "./useActions";
import { useAnchor } from "./useAnchor";
import { useEndNotice } from "./useEndNotice";
import { useLive } from "./useLive";
import { useMessages } from "./useMessages";
import { usePlace } from "./usePlace";
import { usePrint } from "./usePrint";
import { useTurns } from "./useTurns";
import { usePanel, useView } from "./useView";

/** A session: its turns as they happen, and the box for the next. */
export function SessionScreen({ id }: { id: string }) {
  const { timeline, lost, problem, reload } = useLive(id);
  const place = usePlace(timeline?.session);
  const named = useQuery(sessions).data?.find((session) => session.id === id);
  const name = named?.name ?? timeline?.session.name ?? (problem ? t.product : t.shell.untitled);
  const [sentId, setSentId] = useState<string | null>(null);
  const [view, setView] = useView();
  const [panel, setPanel] = usePanel(view);
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
  const onSent = useCallback(
    (step: Step) => setSentId((open) => (open === step.id ? null : step.id)),
    [],
  );
  const toEnd = useCallback(() => log.current?.toEnd(), []);
  const loadOlder = () => {
    const cursor = timeline?.olderCursor;
    if (!cursor || turns.older.isPending) return;
    turns.older.mutate(cursor, {
      onSuccess: (page) =>
        client.setQueryData<Timeline>(timelineKey(id), (held) => held && withOlder(held, page)),
    });
  };
  useEndNotice(timeline?.turns.at(-1), name);
  useAnchor(timeline, loadOlder, turns.goTo.mutate);
  const onPrint = usePrint(id);
  const messages = useMessages(id, reload);
  const actionsFor = useActions({
    turns,
    timeline,
    onSent,
    onPin: messages.pin,
    onTakeBack: messages.takeBack,
  });

  return (
    <main
      id="main"
      tabIndex={-1}
      className="grid min-h-0 min-w-0 grid-cols-[minmax(0,1fr)] outline-none grid-rows-[var(--bar)_minmax(0,1fr)] bg-surface"
    >
      <SessionHead
        name={name}
        place={place}
        timeline={timeline}
        view={view}
        onView={setView}
        onPrint={onPrint}
        panel={panel}
        onPanel={setPanel}
      />
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
              view={view}
              actionsFor={actionsFor}
              sentStepId={sentId}
              onRetryMissing={live ? undefined : (turn) => turns.retry.mutate({ turn })}
              onDecide={(turn, word) => turns.decide.mutate({ turn, word })}
              decidingId={turns.decidedId}
              loadingOlder={turns.older.isPending}
              onOlder={loadOlder}
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
              onSent={toEnd}
              onEditLast={() => {
                const last = timeline.turns.at(-1);
                if (last) document.getElementById(editButtonId(last.id))?.click();
              }}
            />
          )}
          <Announcer turn={timeline?.turns.at(-1)} />
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

function findStep(timeline: Timeline | undefined, stepId: string) {
  for (const turn of timeline?.turns ?? []) {
    const step = turn.steps.find((other) => other.id === stepId);
    if (step) return { turn, step };
  }
  return undefined;
}
