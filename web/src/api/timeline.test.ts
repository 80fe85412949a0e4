import { describe, expect, it } from "vitest";

import { makeSession, makeTimeline, makeTurn } from "../testing/make";

import { fromSnapshot, isLive, liveTurn, withOlder, withPin } from "./timeline";
import type { TimelinePage, Turn } from "./types";

const turn = (index: number, part: Partial<Turn> = {}) =>
  makeTurn(`t${index}`, {
    index,
    parent_id: index > 1 ? `t${index - 1}` : null,
    status: "completed",
    ...part,
  });
const page = (turns: Turn[], next_cursor: string | null): TimelinePage => ({
  session: makeSession(),
  items: turns.toReversed(),
  pinned: [],
  next_cursor,
  last_event_id: "9.9",
});
const ids = (turns: Turn[]) => turns.map((held) => held.id);

describe("fromSnapshot", () => {
  it("turns a page around: oldest first", () => {
    const timeline = fromSnapshot(page([turn(1), turn(2)], null));
    expect(ids(timeline.turns)).toEqual(["t1", "t2"]);
    expect(timeline.lastEventId).toBe("9.9");
  });

  it("keeps older turns that the page continues", () => {
    const held = makeTimeline([turn(1), turn(2), turn(3)], { olderCursor: null });
    const timeline = fromSnapshot(page([turn(3), turn(4)], "c"), held);
    expect(ids(timeline.turns)).toEqual(["t1", "t2", "t3", "t4"]);
    expect(timeline.olderCursor).toBeNull();
  });

  it("forgets older turns that are off the chain", () => {
    const held = makeTimeline([turn(1), turn(2)]);
    const timeline = fromSnapshot(page([turn(8, { parent_id: "t7" })], "c"), held);
    expect(ids(timeline.turns)).toEqual(["t8"]);
    expect(timeline.olderCursor).toBe("c");
  });
});

it("puts an older page before what is there, each turn once", () => {
  const held = makeTimeline([turn(3), turn(4)], { olderCursor: "c" });
  const timeline = withOlder(held, page([turn(1), turn(2), turn(3)], null));
  expect(ids(timeline.turns)).toEqual(["t1", "t2", "t3", "t4"]);
  expect(timeline.olderCursor).toBeNull();
});

it("knows which turn can still change", () => {
  expect(liveTurn(makeTimeline([turn(1), turn(2, { status: "queued" })]))?.id).toBe("t2");
  expect(liveTurn(makeTimeline([turn(1)]))).toBeUndefined();
  const over = (["completed", "partial", "failed", "cancelled"] as const).map((status) =>
    isLive(turn(1, { status })),
  );
  expect(over).toEqual([false, false, false, false]);
});

describe("pins", () => {
  const asked = (index: number) => turn(index, { input_message_id: `m${index}` });
  const pinnedPage = (turns: Turn[], pinned: string[]) => ({ ...page(turns, null), pinned });

  it("of older turns stay when a page is read again, those of its own turns are as it says", () => {
    const held = makeTimeline([asked(1), asked(2)], { pinned: ["m1", "m2"] });
    expect(fromSnapshot(pinnedPage([asked(2), asked(3)], ["m3"]), held).pinned).toEqual(["m1", "m3"]);
  });

  it("come with older turns", () => {
    const held = makeTimeline([asked(2)], { pinned: ["m2"] });
    expect(withOlder(held, pinnedPage([asked(1)], ["m1"])).pinned).toEqual(["m2", "m1"]);
  });

  it("are set and taken away, each once", () => {
    const once = withPin(withPin(makeTimeline([]), "m", true), "m", true);
    expect(once.pinned).toEqual(["m"]);
    expect(withPin(once, "m", false).pinned).toEqual([]);
  });
});
