import { describe, expect, it } from "vitest";

import { makeSession, makeStep, makeTurn } from "../testing/make";

import { branchOf } from "./tries";
import type { TimelinePage, Turn } from "./types";

const turn = (index: number, parent: number | null) =>
  makeTurn(`t${index}`, {
    index,
    parent_id: parent === null ? null : `t${parent}`,
    steps: [makeStep(`s${index}`)],
  });

/** 1 ← 2 ← 4, and 1 ← 3 (tried again) ← 5 ← 6. */
const TURNS = [turn(6, 5), turn(5, 3), turn(4, 2), turn(3, 1), turn(2, 1), turn(1, null)];

function paged(size: number) {
  const asked: string[] = [];
  const page = (cursor?: string): Promise<TimelinePage> => {
    const from = Number(cursor ?? 0);
    asked.push(String(from));
    const items: Turn[] = TURNS.slice(from, from + size);
    const next = from + size < TURNS.length ? String(from + size) : null;
    return Promise.resolve({
      session: makeSession(),
      items,
      pinned: [],
      next_cursor: next,
      last_event_id: "0.0",
    });
  };
  return { page, asked };
}

describe("branchOf", () => {
  it("finds the end of the branch that goes on from the step's turn", async () => {
    expect(await branchOf("s2", paged(20).page)).toBe("t4");
    expect(await branchOf("s3", paged(20).page)).toBe("t6");
    expect(await branchOf("s6", paged(20).page)).toBe("t6");
  });

  it("reads no more pages than it needs", async () => {
    const { page, asked } = paged(2);
    expect(await branchOf("s4", page)).toBe("t4");
    expect(asked).toEqual(["0", "2"]);
  });

  it("is null for a step that is nowhere", async () =>
    expect(await branchOf("none", paged(2).page)).toBeNull());
});
