import { type ReactNode, useId } from "react";

import type { Mode } from "../../api/types";
import { room as words } from "../../lib/strings.room";

type RoomMode = Exclude<Mode, "direct">;

interface Props {
  modes: RoomMode[];
  value: Mode;
  onChange: (mode: RoomMode) => void;
}

/** The modes that a room can have, each with a drawing of who asks whom. */
export function ModeCards({ modes, value, onChange }: Props) {
  const group = useId();
  return (
    <div
      role="radiogroup"
      aria-label={words.mode}
      className="grid grid-cols-[repeat(auto-fit,minmax(200px,1fr))] gap-3"
    >
      {modes.map((mode) => (
        <label key={mode} className="mode-card">
          <input
            type="radio"
            name={group}
            className="vh"
            checked={mode === value}
            onChange={() => onChange(mode)}
          />
          {DRAWINGS[mode]}
          <span>
            <b className="block text-13 font-semibold">{words.modes[mode].name}</b>
            <span className="block text-12 leading-4 text-fg-2">{words.modes[mode].about}</span>
          </span>
        </label>
      ))}
    </div>
  );
}

function Drawing({ children }: { children: ReactNode }) {
  return (
    <svg viewBox="0 0 44 36" fill="none" stroke="currentColor" strokeWidth="1.6" aria-hidden>
      {children}
    </svg>
  );
}

const DRAWINGS: Record<RoomMode, ReactNode> = {
  manual: (
    <Drawing>
      <circle cx="7" cy="18" r="3" fill="currentColor" />
      <path d="M11 18h18M16 18C23 18 22 6 29 6M16 18c7 0 6 12 13 12" />
      <circle cx="33" cy="6" r="4" />
      <circle cx="33" cy="18" r="4" />
      <circle cx="33" cy="30" r="4" />
    </Drawing>
  ),
  roundtable: (
    <Drawing>
      <circle cx="5" cy="18" r="3" fill="currentColor" />
      <path d="M9 18h3M20 18h3M31 18h3" />
      <circle cx="16" cy="18" r="4" />
      <circle cx="27" cy="18" r="4" />
      <circle cx="38" cy="18" r="4" />
    </Drawing>
  ),
  orchestrator: (
    <Drawing>
      <circle cx="22" cy="6" r="4" fill="currentColor" fillOpacity=".25" />
      <path d="M22 10v8M7 25v-7h30v7M22 18v7" />
      <circle cx="7" cy="29" r="4" />
      <circle cx="22" cy="29" r="4" />
      <circle cx="37" cy="29" r="4" />
    </Drawing>
  ),
};
