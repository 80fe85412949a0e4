/** Who sits where a session takes place. */

import { useQuery } from "@tanstack/react-query";

import { agents, info, providers, rooms } from "../../api/queries";
import type { Mode, Provider, Room, RoomAgent, Session } from "../../api/types";
import type { SeatChoice } from "../../parts/composer/whoAnswers";

/** A seat, with what its room says of what it sees. */
export type PlaceSeat = SeatChoice & { context?: RoomAgent["context"] };

export interface Place {
  name: string;
  room: Pick<Room, "mode" | "mentions" | "limits" | "updated_at">;
  seats: PlaceSeat[];
  /** The modes that can be chosen; none with a single agent. */
  modes: Mode[];
  model: string | null;
  /** What is to be known of the models that answer here: that one is small, or a demo. */
  notes: string[];
}

const DIRECT = {
  mode: "direct",
  mentions: "ignore",
  limits: {},
  updated_at: new Date(0).toISOString(),
} as const;

/** The room or agent of a session; `undefined` until it is known. */
export function usePlace(session: Session | undefined): Place | undefined {
  const roomList = useQuery(rooms);
  const agentList = useQuery(agents);
  const modes = useQuery(info).data?.modes ?? [];
  const known = useQuery(providers).data ?? [];
  if (session?.room_id) {
    const room = roomList.data?.find((other) => other.id === session.room_id);
    if (!room) return undefined;
    return {
      name: room.name,
      room,
      seats: room.agents.toSorted((a, b) => a.position - b.position),
      modes: (["manual", "roundtable", "orchestrator"] as const).filter(
        (mode) => modes.includes(mode) && (mode !== "orchestrator" || room.goal),
      ),
      model: null,
      notes: notesOn(
        known,
        room.agents.map((seat) => seat.model),
      ),
    };
  }
  const agent = agentList.data?.find((other) => other.id === session?.agent_id);
  if (!agent) return undefined;
  const seat = { key: agent.key, name: agent.name, color: agent.color, muted: false };
  return {
    name: agent.name,
    room: DIRECT,
    seats: [seat],
    modes: [],
    model: agent.model,
    notes: notesOn(known, [agent.model]),
  };
}

function notesOn(known: Provider[], models: string[]): string[] {
  const asked = known.filter((one) => models.some((model) => model.startsWith(`${one.name}/`)));
  return asked.flatMap((one) => one.note ?? []);
}
