/** What is changed of a room and not saved yet. Pure. */

import type { Context, Manager, Mode, Room } from "../../api/types";
import { differing, same, withPart } from "../../lib/overrides";

/** The fields of a room that its editor changes. */
export interface RoomFields {
  name: string;
  goal: string;
  mode: Mode;
  mentions: Room["mentions"];
  order: Room["order"];
  approve: Room["approve"];
  manager: Manager | null;
  limits: Room["limits"];
  /** `null`: whom the operator says, else each agent's own model. */
  summary_model: string | null;
}

/** A place at the table. `context` is what the agent sees here only; `null`: as everywhere. */
export interface SeatDraft {
  agent_id: string;
  muted: boolean;
  context: Context | null;
}

export interface RoomDraft {
  fields: Partial<RoomFields>;
  /** The whole roster in its new order; `null` while it is as the room has it. */
  seats: SeatDraft[] | null;
}

export const UNCHANGED: RoomDraft = { fields: {}, seats: null };

/** What a room is before anything was chosen. */
export const NEW_ROOM: RoomFields = {
  name: "",
  goal: "",
  mode: "roundtable",
  mentions: "override",
  order: "parallel",
  approve: "never",
  manager: null,
  limits: {},
  summary_model: null,
};

export function fieldsOf(room: Room): RoomFields {
  const { name, mode, mentions, order, approve } = room;
  return {
    name,
    mode,
    mentions,
    order,
    approve,
    goal: room.goal ?? "",
    manager: room.manager,
    limits: room.limits,
    summary_model: room.summary_model,
  };
}

export function seatsOf(room: Room): SeatDraft[] {
  return room.agents
    .toSorted((a, b) => a.position - b.position)
    .map(({ agent_id, muted, context }) => ({ agent_id, muted, context: context ?? null }));
}

/** The room as it would be saved. */
export function applied(base: RoomFields, seats: SeatDraft[], draft: RoomDraft) {
  return { fields: { ...base, ...draft.fields }, seats: draft.seats ?? seats };
}

export function withFields(
  base: RoomFields,
  draft: RoomDraft,
  part: Partial<RoomFields>,
): RoomDraft {
  return { ...draft, fields: withPart(base, draft.fields, part) };
}

export function withSeats(base: SeatDraft[], draft: RoomDraft, seats: SeatDraft[]): RoomDraft {
  return { ...draft, seats: same(base, seats) ? null : seats };
}

/** What saving has to do to the roster. */
export interface SeatChanges {
  added: SeatDraft[];
  removed: string[];
  changed: SeatDraft[];
  /** The order that has to be asked for; `null` where the others leave it right. */
  order: string[] | null;
}

export function seatChanges(before: SeatDraft[], after: SeatDraft[]): SeatChanges {
  const old = new Map(before.map((seat) => [seat.agent_id, seat]));
  const ids = after.map((seat) => seat.agent_id);
  const removed = before.map((seat) => seat.agent_id).filter((id) => !ids.includes(id));
  const added = after.filter((seat) => !old.has(seat.agent_id));
  const stayed = before.map((seat) => seat.agent_id).filter((id) => ids.includes(id));
  const left = [...stayed, ...added.map((seat) => seat.agent_id)];
  return {
    added,
    removed,
    changed: after.filter((seat) => {
      const was = old.get(seat.agent_id);
      return was !== undefined && !same(was, seat);
    }),
    order: same(left, ids) ? null : ids,
  };
}

/** How many things are changed, as a person would count them. */
export function countChanges(before: SeatDraft[], draft: RoomDraft): number {
  const fields = Object.keys(draft.fields).length;
  if (draft.seats === null) return fields;
  const { added, removed, changed, order } = seatChanges(before, draft.seats);
  return fields + added.length + changed.length + removed.length + (order ? 1 : 0);
}

export type Changed = keyof RoomFields | "seats";

/**
 * `draft` on a room that was changed elsewhere from `before` to `after`, and what was. What the
 * draft changes stays changed; who was seated or taken out elsewhere is so here too.
 */
export function rebased(before: Room, after: Room, draft: RoomDraft) {
  const changed: Changed[] = differing(fieldsOf(before), fieldsOf(after));
  const [old, now] = [seatsOf(before), seatsOf(after)];
  if (!same(old, now)) changed.push("seats");
  const fields = withPart(fieldsOf(after), draft.fields, {});
  if (draft.seats === null) return { draft: { fields, seats: null }, changed };
  const has = (list: SeatDraft[], id: string) => list.some((seat) => seat.agent_id === id);
  const mine = draft.seats.filter(
    ({ agent_id: id }) => has(now, id) || !has(old, id),
  );
  const theirs = now.filter(({ agent_id: id }) => !has(old, id) && !has(mine, id));
  return { draft: withSeats(now, { fields, seats: null }, [...mine, ...theirs]), changed };
}
