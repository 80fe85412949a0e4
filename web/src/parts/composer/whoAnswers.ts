/** Who will answer a text: what the server will decide, shown before it is sent. */

import type { Mode, Room } from "../../api/types";
import { taggedKeys } from "../../lib/mentions";

export interface SeatChoice {
  key: string;
  name: string;
  color: number;
  muted: boolean;
}

export interface Asked {
  room: Pick<Room, "mode" | "mentions">;
  seats: SeatChoice[];
  /** The mode that the user has picked; `null` leaves it to room and text. */
  chosen: Mode | null;
  text: string;
}

export interface Answering {
  mode: Mode;
  /** Those who answer, in order. */
  who: SeatChoice[];
}

/** Mode and answering agents of a text in a room. Muted agents answer to nothing. */
export function whoAnswers({ room, seats, chosen, text }: Asked): Answering {
  const awake = seats.filter((seat) => !seat.muted);
  const keys = taggedKeys(
    text,
    awake.map((seat) => seat.key),
  );
  const tagged = keys.flatMap((key) => awake.filter((seat) => seat.key === key));
  const overridden = room.mentions === "override" && tagged.length > 0;
  const mode = chosen ?? (overridden ? "manual" : room.mode);
  if (mode === "manual") return { mode, who: tagged };
  if (mode === "roundtable" && room.mentions === "first")
    return { mode, who: [...tagged, ...awake.filter((seat) => !tagged.includes(seat))] };
  return { mode, who: awake };
}
