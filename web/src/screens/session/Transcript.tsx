import { useQuery } from "@tanstack/react-query";
import { ArrowDown } from "lucide-react";
import { Fragment, type Ref, useImperativeHandle, useState } from "react";

import { summaries } from "../../api/queries";
import type { Timeline } from "../../api/timeline";
import type { Turn, Word } from "../../api/types";
import { t } from "../../lib/strings";
import type { StepActions } from "../../parts/StepBlock";
import { TurnCard, type View } from "../../parts/TurnCard";
import { onCardKey } from "../../parts/cardKeys";

import { EmptySession } from "./EmptySession";
import { SummaryMarker } from "./SummaryMarker";
import { newSince, seenNow } from "./news";
import type { Place } from "./usePlace";
import { useStickToEnd } from "./useStickToEnd";

interface Props {
  ref: Ref<{ toEnd: () => void }>;
  timeline: Timeline;
  place: Place | undefined;
  view: View;
  actionsFor: (turn: Turn) => StepActions;
  sentStepId: string | null;
  onRetryMissing: ((turn: Turn) => void) | undefined;
  onDecide: (turn: Turn, word: Word) => void;
  decidingId: string | null;
  onOlder: () => void;
  loadingOlder: boolean;
}

/** A session's turns, oldest first; the end stays in sight while the reader is there. */
export function Transcript({ ref, timeline, place, view, ...props }: Props) {
  const { box, content, atEnd, toEnd, holdPlace } = useStickToEnd(
    timeline.session.id,
    timeline.turns[0]?.id,
  );
  useImperativeHandle(ref, () => ({ toEnd }), [toEnd]);
  const known = useQuery(summaries(timeline.session.id)).data ?? [];
  const current = known.filter((summary) => summary.state === "current");
  const last = timeline.turns.at(-1);
  const [seen, setSeen] = useState(() => seenNow(timeline.turns));
  const news = newSince(seen, timeline.turns);
  if (atEnd && news !== 0) setSeen(seenNow(timeline.turns));
  const loadOlder = () => {
    holdPlace();
    props.onOlder();
  };
  return (
    <div className="grid min-h-0 min-w-0 grid-cols-[minmax(0,1fr)] grid-rows-[minmax(0,1fr)_auto]">
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- the keys are those of its cards */}
      <div
        ref={box}
        role="log"
        aria-live="off"
        aria-label={t.session.transcript}
        // It scrolls: it must be reachable by keyboard.
        tabIndex={0}
        onKeyDown={onCardKey}
        // What is hidden from sight is placed in here, or the page itself would scroll to it.
        className="relative overflow-y-auto px-6 -outline-offset-2 phone:px-4"
      >
        <div
          ref={content}
          className={`mx-auto w-full ${view === "columns" ? "wide" : "max-w-(--column)"} ${timeline.turns.length === 0 ? "h-full" : ""}`}
        >
          {timeline.olderCursor !== null && (
            <p className="flex justify-center pt-3">
              <button
                type="button"
                className="btn btn-s"
                disabled={props.loadingOlder}
                onClick={loadOlder}
              >
                {props.loadingOlder ? t.session.loadingEarlier : t.session.earlier}
              </button>
            </p>
          )}
          {timeline.turns.map((turn) => (
            <Fragment key={turn.id}>
              <TurnCard
                turn={turn}
                view={view}
                actions={props.actionsFor(turn)}
                sentStepId={props.sentStepId}
                pinned={timeline.pinned}
                onRetryMissing={turn === last ? props.onRetryMissing : undefined}
                room={place?.room}
                onDecide={turn.approval ? props.onDecide : undefined}
                decidingId={turn.approval ? props.decidingId : null}
              />
              {current
                .filter((summary) => summary.to_turn_id === turn.id)
                .map((summary) => (
                  // Another version takes its place, also under a sheet that is open.
                  <SummaryMarker
                    key={`${summary.scope} ${summary.to_turn_id}`}
                    summary={summary}
                  />
                ))}
            </Fragment>
          ))}
          {timeline.turns.length === 0 && place && <EmptySession place={place} />}
        </div>
      </div>
      {!atEnd && (
        <button
          type="button"
          className="btn btn-s my-2 justify-self-center rounded-full"
          onClick={toEnd}
        >
          <ArrowDown className="icon icon-s" aria-hidden />
          {news > 0 ? t.session.newBelow(news) : t.session.toEnd}
        </button>
      )}
    </div>
  );
}
