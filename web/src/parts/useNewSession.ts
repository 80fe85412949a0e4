import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useLocation } from "wouter";

import { createSession, type Place } from "../api/calls";
import { sessions } from "../api/queries";
import type { Session } from "../api/types";

/** Open a session in a room or with an agent: one in which nothing was said yet, else a new one. */
export function useNewSession() {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  return useMutation({
    mutationFn: async (place: Place) => {
      const known = client.getQueryData<Session[]>(sessions.queryKey) ?? [];
      const empty = known.find((session) => session.turns === 0 && isIn(session, place));
      return empty ?? (await createSession(place, crypto.randomUUID()));
    },
    onSuccess: (session) => {
      client.setQueryData<Session[]>(sessions.queryKey, (known) =>
        known?.some((other) => other.id === session.id) ? known : [session, ...(known ?? [])],
      );
      navigate(`/s/${session.id}`);
    },
  });
}

/** Whether a session takes place there. */
export function isIn(session: Session, place: Place): boolean {
  return (place.kind === "rooms" ? session.room_id : session.agent_id) === place.id;
}
