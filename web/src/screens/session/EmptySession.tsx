import { t } from "../../lib/strings";
import { Avatar } from "../../parts/Avatar";

import type { Place } from "./usePlace";

/** A session in which nothing was said yet: who sits here, and how they answer. */
export function EmptySession({ place }: { place: Place }) {
  const awake = place.seats.filter((seat) => !seat.muted);
  return (
    <div className="grid h-full content-center justify-items-center gap-4 py-10 text-center">
      <div className="flex flex-wrap justify-center gap-2">
        {awake.map((seat) => (
          <span key={seat.key} className="flex items-center gap-1.5 text-13 text-fg-2">
            <Avatar name={seat.name} color={seat.color} size="s" />
            {seat.name}
          </span>
        ))}
      </div>
      <h2 className="text-22 font-semibold tracking-tight">{t.session.emptyRoom(place.name)}</h2>
      <p className="max-w-[420px] text-fg-2">
        {place.model !== null
          ? t.session.emptyAgentHelp(place.model)
          : awake.length > 0
            ? t.session.emptyRoomHelp[place.room.mode]
            : t.session.emptyRoomNobody}
      </p>
      {place.notes.map((note) => (
        <p key={note} className="max-w-[420px] text-12 text-fg-3">
          {note}
        </p>
      ))}
    </div>
  );
}
