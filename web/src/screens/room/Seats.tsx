import { Plus, UserPlus } from "lucide-react";
import { lazy, Suspense } from "react";

import type { Agent } from "../../api/types";
import { room as words } from "../../lib/strings.room";
import { Avatar } from "../../parts/Avatar";
import { Menu, MenuItem } from "../../ui/Menu";

import { SeatRow, type SeatRowProps, type SeatView } from "./SeatRow";

const SortableSeats = lazy(() => import("./SortableSeats"));

interface Props {
  seats: SeatView[];
  openId: string | null;
  /** Opens an agent's editor; without it seats can be taken away here. */
  onOpen?: ((agentId: string) => void) | undefined;
  onUnseat?: ((agentId: string) => void) | undefined;
  onMuted: (agentId: string, muted: boolean) => void;
  onOrder: (agentIds: string[]) => void;
  /** Agents without a seat here. */
  others: Agent[];
  onAdd: (agent: Agent) => void;
  onNew: () => void;
}

/** The room's seats in the order of answering, and who else can be seated. */
export function Seats(props: Props) {
  const { seats, others } = props;
  const muted = seats.filter((seat) => seat.muted).length;
  const row = (seat: SeatView): SeatRowProps => ({
    seat,
    position: seats.indexOf(seat) + 1,
    open: seat.id === props.openId,
    onOpen: props.onOpen && (() => props.onOpen?.(seat.id)),
    onUnseat: props.onUnseat && (() => props.onUnseat?.(seat.id)),
    onMuted: (off) => props.onMuted(seat.id, off),
  });
  return (
    <div className="roster @container/seats">
      <div className="seat-row seat-head" aria-hidden>
        <span />
        <span className="wide" />
        <span />
        <span>{words.columns.agent}</span>
        <span className="wide">{words.columns.model}</span>
        <span className="wide">{words.columns.sees}</span>
        <span className="price text-right">{words.columns.perTurn}</span>
        <span>{words.columns.on}</span>
        <span />
      </div>
      {/* eslint-disable-next-line jsx-a11y/no-redundant-roles -- a list without markers loses its role in Safari */}
      <ol role="list" aria-label={words.seats}>
        <Suspense fallback={seats.map((seat) => <SeatRow key={seat.id} {...row(seat)} />)}>
          <SortableSeats seats={seats} row={row} onOrder={props.onOrder} />
        </Suspense>
      </ol>
      {seats.length === 0 && (
        <p className="border-t border-line px-3 py-3 text-13 text-fg-2">{words.nobody}</p>
      )}
      <div className="flex items-center justify-between gap-3 border-t border-line px-2 py-1.5">
        <Menu
          trigger={
            <button type="button" className="btn btn-ghost">
              <Plus className="icon" aria-hidden />
              {words.add}
            </button>
          }
        >
          <MenuItem onSelect={props.onNew}>
            <UserPlus className="icon mx-0.5" aria-hidden />
            {words.addNew}
          </MenuItem>
          {others.map((agent) => (
            <MenuItem key={agent.id} onSelect={() => props.onAdd(agent)}>
              <Avatar name={agent.name} color={agent.color} size="s" />
              <span className="cut flex-1">{agent.name}</span>
              <span className="font-mono text-12 text-fg-3">@{agent.key}</span>
            </MenuItem>
          ))}
        </Menu>
        <span className="pr-1 text-12 text-fg-3">{words.count(seats.length - muted, muted)}</span>
      </div>
    </div>
  );
}
