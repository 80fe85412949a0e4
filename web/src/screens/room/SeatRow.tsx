import { ChevronRight, GripVertical, X } from "lucide-react";
import type { CSSProperties, HTMLAttributes, Ref } from "react";

import { agent as agentWords, room as words } from "../../lib/strings.room";
import { Avatar } from "../../parts/Avatar";
import { IconButton } from "../../ui/IconButton";
import { Switch } from "../../ui/Switch";

/** The id of the button that opens an agent's editor: the focus comes back to it. */
export const openerId = (agentId: string) => `open-${agentId}`;

/** What is shown of a seat. */
export interface SeatView {
  id: string;
  name: string;
  key: string;
  color: number;
  model: string;
  sees: string;
  muted: boolean;
  /** What its answer costs in a turn; `undefined` while it is not known. */
  cost: string | undefined;
}

export interface SeatRowProps {
  seat: SeatView;
  position: number;
  open: boolean;
  /** Opens the agent's editor; without one the seat can be taken away. */
  onOpen?: (() => void) | undefined;
  onUnseat?: (() => void) | undefined;
  onMuted: (muted: boolean) => void;
  rowRef?: Ref<HTMLLIElement>;
  style?: CSSProperties;
  dragged?: boolean;
  /** What makes the handle one; without it the seat has none. */
  grip?: HTMLAttributes<HTMLButtonElement>;
  gripRef?: Ref<HTMLButtonElement>;
}

/** A seat of the room: its place, who sits there, and whether it answers. */
export function SeatRow(props: SeatRowProps) {
  const { seat, position, open, onOpen, onUnseat, onMuted, grip, gripRef, rowRef } = props;
  const slash = seat.model.indexOf("/");
  return (
    <li
      ref={rowRef}
      style={props.style}
      className="seat-row"
      data-open={open}
      data-muted={seat.muted}
      data-dragged={props.dragged}
    >
      <button
        ref={gripRef}
        type="button"
        className="grip"
        aria-label={words.drag(seat.name)}
        title={words.drag(seat.name)}
        {...grip}
      >
        <GripVertical className="icon icon-s" aria-hidden />
      </button>
      <span className="wide text-fg-3">{position}</span>
      <Avatar name={seat.name} color={seat.color} off={seat.muted} />
      <span className="min-w-0">
        <span className="cut block font-strong leading-[18px]">{seat.name || agentWords.new}</span>
        <small className="cut block font-mono">@{seat.key}</small>
      </span>
      <span className="wide min-w-0">
        <span className="cut block leading-[18px]">{seat.model.slice(slash + 1)}</span>
        <small className="cut">{seat.model.slice(0, Math.max(0, slash))}</small>
      </span>
      <span className="wide cut">{seat.sees}</span>
      <span className="price cut text-right text-12 text-fg-2">{seat.muted ? "" : seat.cost}</span>
      <Switch
        label={words.answers(seat.name)}
        checked={!seat.muted}
        onChange={(on) => onMuted(!on)}
      />
      {onOpen ? (
        <IconButton
          id={openerId(seat.id)}
          small
          label={words.open(seat.name)}
          aria-expanded={open}
          onClick={onOpen}
        >
          <ChevronRight className="icon" aria-hidden />
        </IconButton>
      ) : (
        <IconButton small label={words.unseat(seat.name)} onClick={onUnseat}>
          <X className="icon icon-s" aria-hidden />
        </IconButton>
      )}
    </li>
  );
}
