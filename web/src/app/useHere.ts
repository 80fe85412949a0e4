import { useQuery } from "@tanstack/react-query";
import { useLocation } from "wouter";

import type { Place } from "../api/calls";
import { agents, rooms, sessions } from "../api/queries";

/** The room or agent that is shown, else the first there is: where a new session would open. */
export function useHere(): Place | null {
  const [location] = useLocation();
  const sessionList = useQuery(sessions).data ?? [];
  const room = useQuery(rooms).data?.[0];
  const agent = useQuery(agents).data?.[0];
  const [, kind, id] = location.split("/");
  if ((kind === "rooms" || kind === "agents") && id && id !== "new") return { kind, id };
  const session = kind === "s" ? sessionList.find((other) => other.id === id) : undefined;
  if (session?.room_id) return { kind: "rooms", id: session.room_id };
  if (session?.agent_id) return { kind: "agents", id: session.agent_id };
  if (room) return { kind: "rooms", id: room.id };
  return agent ? { kind: "agents", id: agent.id } : null;
}
