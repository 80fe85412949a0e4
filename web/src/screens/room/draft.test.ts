import { describe, expect, it } from "vitest";

import { makeRoom, makeSeat } from "../../testing/server";

import {
  countChanges,
  fieldsOf,
  rebased,
  seatChanges,
  type SeatDraft,
  seatsOf,
  UNCHANGED,
  withFields,
  withSeats,
} from "./draft";

const seat = (key: string, part: Partial<SeatDraft> = {}): SeatDraft => ({
  agent_id: `agent-${key}`,
  muted: false,
  context: null,
  ...part,
});
const A = seat("a");
const B = seat("b");
const C = seat("c");

describe("seatChanges", () => {
  it("finds who came, who left and who is changed", () => {
    const muted = { ...A, muted: true };
    expect(seatChanges([A, B], [muted, C])).toEqual({
      added: [C],
      removed: ["agent-b"],
      changed: [muted],
      order: null,
    });
  });

  it("asks for an order only where the others leave another", () => {
    expect(seatChanges([A, B], [A, B, C]).order).toBeNull();
    expect(seatChanges([A, B], [C, A, B]).order).toEqual(["agent-c", "agent-a", "agent-b"]);
    expect(seatChanges([A, B, C], [A, C]).order).toBeNull();
  });
});

describe("a draft", () => {
  const room = makeRoom();
  const base = fieldsOf(room);

  it("counts each field and each thing done to the seats", () => {
    let draft = withFields(base, UNCHANGED, { mode: "manual", goal: "Ship it" });
    const [first, second] = seatsOf(room) as [SeatDraft, SeatDraft];
    draft = withSeats([first, second], draft, [{ ...second, muted: true }, first]);
    expect(countChanges(seatsOf(room), draft)).toBe(4);
  });

  it("is none where all is as it was", () => {
    const seats = seatsOf(room);
    let draft = withFields(base, UNCHANGED, { mode: "manual" });
    draft = withFields(base, draft, { mode: "roundtable" });
    draft = withSeats(seats, draft, seats.toReversed());
    draft = withSeats(seats, draft, [...seats]);
    expect(draft).toEqual(UNCHANGED);
  });
});

describe("rebased", () => {
  const before = makeRoom();

  it("keeps what the draft changes and takes the rest", () => {
    const draft = withFields(fieldsOf(before), UNCHANGED, { name: "Mine" });
    const after = makeRoom({ version: 2, mode: "manual", name: "Theirs" });
    const { draft: next, changed } = rebased(before, after, draft);
    expect(next.fields).toEqual({ name: "Mine" });
    expect(changed.toSorted()).toEqual(["mode", "name"]);
  });

  it("is no draft any more where others did the same", () => {
    const draft = withFields(fieldsOf(before), UNCHANGED, { name: "Same" });
    expect(rebased(before, makeRoom({ version: 2, name: "Same" }), draft).draft).toEqual(UNCHANGED);
  });

  it("seats and unseats with the others, in the draft's order", () => {
    const [analyst, skeptic] = seatsOf(before) as [SeatDraft, SeatDraft];
    const editor = seat("editor");
    const draft = withSeats([analyst, skeptic], UNCHANGED, [editor, skeptic, analyst]);
    const after = makeRoom({
      version: 2,
      agents: [makeSeat("skeptic", 1), makeSeat("builder", 2)],
    });
    const { draft: next, changed } = rebased(before, after, draft);
    expect(next.seats).toEqual([editor, skeptic, seat("builder")]);
    expect(changed).toEqual(["seats"]);
  });
});
