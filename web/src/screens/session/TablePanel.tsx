import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";

import { agents, models } from "../../api/queries";
import type { Timeline } from "../../api/timeline";
import type { Agent, Session } from "../../api/types";
import { t } from "../../lib/strings";
import { Avatar } from "../../parts/Avatar";
import { ContextMeter } from "../../parts/ContextMeter";
import { Money } from "../../parts/Money";
import { seesWords } from "../../parts/sees";

import { PanelFoot } from "./PanelFoot";
import { seatFacts } from "./seatFacts";
import type { Place, PlaceSeat } from "./usePlace";

interface Props {
  timeline: Timeline;
  place: Place;
}

/** Who sits at the table: what each sees, has cost here, and how full its window is. */
export function TablePanel({ timeline, place }: Props) {
  const known = useQuery(agents).data ?? [];
  return (
    <aside
      aria-label={t.panel.title}
      className="hidden min-h-0 flex-col overflow-y-auto border-l border-line bg-canvas min-[1280px]:flex"
    >
      <div className="flex h-11 flex-none items-center justify-between pt-2 pr-2 pl-4">
        <h2 className="text-13 font-semibold">{t.panel.title}</h2>
        <Link href={editHref(timeline.session)} className="btn btn-s btn-ghost">
          {timeline.session.room_id ? t.panel.edit : t.panel.editAgent}
        </Link>
      </div>
      <ul className="divide-y divide-line">
        {place.seats.map((seat) => (
          <Row
            key={seat.key}
            seat={seat}
            agent={known.find((other) => other.key === seat.key)}
            timeline={timeline}
          />
        ))}
      </ul>
      {timeline.olderCursor !== null && (
        <p className="px-4 py-3 text-12 text-fg-3">{t.panel.loadedOnly}</p>
      )}
      <PanelFoot timeline={timeline} place={place} />
    </aside>
  );
}

interface RowProps {
  seat: PlaceSeat;
  agent: Agent | undefined;
  timeline: Timeline;
}

function Row({ seat, agent, timeline }: RowProps) {
  const { cost, calls, last } = seatFacts(timeline, seat.key);
  const window = useQuery(models).data?.find((model) => model.id === last?.model)?.context_window;
  const context = seat.context ?? agent?.context;
  return (
    <li className="grid grid-cols-[28px_minmax(0,1fr)_auto] gap-x-2.5 gap-y-0.5 px-4 py-2.5">
      <span className="row-span-2 mt-0.5">
        <Avatar name={seat.name} color={seat.color} off={seat.muted} />
      </span>
      <span className="cut text-13 font-strong">{seat.name}</span>
      <span className="text-12 text-fg-3">{calls > 0 && <Money value={cost} />}</span>
      <span className="cut col-span-2 text-12 text-fg-3">
        {seat.muted ? t.panel.muted : context && t.panel.sees(seesWords(context))}
      </span>
      {last && window && (
        <span className="col-span-2 col-start-2 pt-1">
          <ContextMeter used={last.tokens} window={window} />
        </span>
      )}
    </li>
  );
}

/** Where the session's room, or its agent, is edited. */
function editHref({ room_id, agent_id }: Session): string {
  return room_id ? `/rooms/${room_id}` : `/agents/${agent_id}`;
}
