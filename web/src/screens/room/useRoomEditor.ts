/** The state of a room's editor: what is changed of it and of its agents, kept over a reload. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { ApiProblem } from "../../api/problems";
import * as queries from "../../api/queries";
import { changeAgent, getRoom } from "../../api/setup";
import type { Agent, Room } from "../../api/types";
import { differing, withPart } from "../../lib/overrides";
import { read, write } from "../../lib/storage";
import { agent as agentWords, room as words } from "../../lib/strings.room";
import { type AgentFields, fieldsOf as agentFieldsOf } from "../../parts/agent/fields";

import {
  applied,
  countChanges,
  fieldsOf,
  rebased,
  type RoomDraft,
  type RoomFields,
  type SeatDraft,
  seatsOf,
  UNCHANGED,
  withFields,
  withSeats,
} from "./draft";
import { saveRoom } from "./save";

interface AgentEdit {
  base: Agent;
  fields: Partial<AgentFields>;
}

interface Held {
  /** The room that the draft is of. */
  base: Room;
  draft: RoomDraft;
  agents: Record<string, AgentEdit>;
  /** What was changed elsewhere while there was a draft. */
  notices: string[];
}

const nothing = (base: Room): Held => ({ base, draft: UNCHANGED, agents: {}, notices: [] });

/** Held on the room as it is now, and on the agents. */
function brought(held: Held, room: Room, known: Agent[], silent: boolean): Held {
  let next = held;
  if (held.base.version !== room.version) {
    const { draft, changed } = rebased(held.base, room, held.draft);
    const tell = !silent && countChanges(seatsOf(room), draft) > 0 && changed.length > 0;
    const notice = words.changedElsewhere(changed.map((name) => words.changed[name]));
    next = { ...next, base: room, draft, notices: tell ? [notice] : [] };
  }
  for (const [id, edit] of Object.entries(held.agents)) {
    const now = known.find((agent) => agent.id === id);
    if (!now || now.version === edit.base.version) continue;
    const [before, after] = [agentFieldsOf(edit.base), agentFieldsOf(now)];
    const fields = withPart(after, edit.fields, {});
    const names = differing(before, after).map((name) => agentWords.changed[name]);
    const tell = !silent && Object.keys(fields).length > 0 && names.length > 0;
    next = {
      ...next,
      agents: { ...next.agents, [id]: { base: now, fields } },
      notices: tell ? [...next.notices, agentWords.changedElsewhere(now.name, names)] : next.notices,
    };
  }
  return next;
}

/** The editor of `room`; `known` are the workspace's agents. */
export function useRoomEditor(room: Room, known: Agent[]) {
  const client = useQueryClient();
  const store = `room-draft.${room.id}`;
  const [held, setHeld] = useState<Held>(() => read<Held>(store) ?? nothing(room));
  const now = brought(held, room, known, false);
  if (now !== held) setHeld(now);

  const base = fieldsOf(now.base);
  const baseSeats = seatsOf(now.base);
  const edits = Object.values(now.agents).filter((edit) => Object.keys(edit.fields).length > 0);
  const changes =
    countChanges(baseSeats, now.draft) +
    edits.reduce((sum, edit) => sum + Object.keys(edit.fields).length, 0);
  useEffect(() => write(store, changes === 0 ? null : now), [store, changes, now]);

  const save = useMutation({
    mutationFn: async () => {
      try {
        for (const { base: agent, fields } of edits) await changeAgent(agent, fields);
        await saveRoom(now.base, now.draft);
      } catch (error) {
        // What was saved already is no change any more; what somebody else did is told.
        const [fresh, agents] = await reread();
        const stale = error instanceof ApiProblem && error.code === "stale_version";
        setHeld((old) => brought(old, fresh, agents, !stale));
        if (!stale) throw error;
        return false;
      }
      const [fresh] = await reread();
      setHeld(nothing(fresh));
      return true;
    },
  });

  async function reread(): Promise<[Room, Agent[]]> {
    const [fresh, agents] = await Promise.all([
      getRoom(room.id),
      client.fetchQuery({ ...queries.agents, staleTime: 0 }),
    ]);
    client.setQueryData<Room[]>(queries.rooms.queryKey, (list) =>
      list?.map((other) => (other.id === fresh.id ? fresh : other)),
    );
    client.setQueryData(queries.room(room.id).queryKey, fresh);
    void client.invalidateQueries({ queryKey: ["forecast"] });
    return [fresh, agents];
  }

  const { fields, seats } = applied(base, baseSeats, now.draft);
  return {
    fields,
    seats,
    changes,
    notices: now.notices,
    save,
    setFields: (part: Partial<RoomFields>) =>
      setHeld((old) => ({ ...old, draft: withFields(fieldsOf(old.base), old.draft, part) })),
    setSeats: (next: SeatDraft[]) =>
      setHeld((old) => ({ ...old, draft: withSeats(seatsOf(old.base), old.draft, next) })),
    /** An agent as it would be saved. */
    agentFields: (agent: Agent): AgentFields => ({
      ...agentFieldsOf(agent),
      ...now.agents[agent.id]?.fields,
    }),
    setAgent: (agent: Agent, part: Partial<AgentFields>) =>
      setHeld((old) => {
        const edit = old.agents[agent.id] ?? { base: agent, fields: {} };
        const next = withPart(agentFieldsOf(edit.base), edit.fields, part);
        return { ...old, agents: { ...old.agents, [agent.id]: { ...edit, fields: next } } };
      }),
    isEdited: (agentId: string) => edits.some((edit) => edit.base.id === agentId),
    discard: () => {
      save.reset();
      setHeld(nothing(room));
    },
    dismiss: () => setHeld((old) => ({ ...old, notices: [] })),
  };
}

export type RoomEditor = ReturnType<typeof useRoomEditor>;
