/** Saving a room: as many requests as it takes, each only if nobody was faster. */

import * as setup from "../../api/setup";
import type { Room } from "../../api/types";

import { type RoomDraft, type RoomFields, type SeatDraft, seatChanges, seatsOf } from "./draft";

/** As the server has it: where nothing is written there is none. */
const body = ({ goal, summary_model, ...rest }: Partial<RoomFields>) => ({
  ...rest,
  ...(goal !== undefined && { goal: goal.trim() === "" ? null : goal }),
  ...(summary_model !== undefined && { summary_model: summary_model || null }),
});

/**
 * Save what `draft` changes of `room`. Throws ApiProblem, `stale_version` when the room was
 * changed elsewhere; what was saved before that is saved.
 */
export async function saveRoom(room: Room, draft: RoomDraft): Promise<void> {
  let { version } = room;
  if (draft.seats !== null) version = await saveSeats(room.id, version, seatsOf(room), draft.seats);
  if (Object.keys(draft.fields).length > 0)
    await setup.changeRoom(room.id, version, body(draft.fields));
}

/** Make a room with its seats. A repeat with the same `key` makes no second one. */
export async function makeRoom(draft: RoomFields, seats: SeatDraft[], key: string): Promise<Room> {
  const room = await setup.createRoom({ ...draft, ...body(draft), name: draft.name.trim() }, key);
  // A repeat gives the room that is there, and goes on where the first was cut off.
  await saveSeats(room.id, room.version, seatsOf(room), seats);
  return room;
}

async function saveSeats(
  roomId: string,
  from: number,
  before: SeatDraft[],
  after: SeatDraft[],
): Promise<number> {
  let version = from;
  const { added, removed, changed, order } = seatChanges(before, after);
  for (const agentId of removed) {
    await setup.unseatAgent(roomId, agentId, version);
    ({ version } = await setup.getRoom(roomId));
  }
  for (const seat of added)
    ({ version } = await setup.seatAgent(roomId, seat, crypto.randomUUID(), version));
  for (const { agent_id, muted, context } of changed)
    ({ version } = await setup.changeSeat(roomId, agent_id, version, { muted, context }));
  if (order !== null) ({ version } = await setup.orderSeats(roomId, version, order));
  return version;
}
