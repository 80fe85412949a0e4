import { beforeEach, describe, expect, it } from "vitest";

import { makeStep, makeTurn } from "../testing/make";

import type { LiveEvent } from "./events";
import { addDelta, Texts } from "./texts";

const IN_STEP = { session_id: "session", turn_id: "t1", step_id: "a" };

function delta(text: string, offset: number, attempt = 1) {
  return { ...IN_STEP, attempt, text, offset, length: [...text].length };
}
const deltaEvent = (text: string, offset: number, attempt = 1): LiveEvent => ({
  type: "step.delta",
  data: delta(text, offset, attempt),
});
const begin = (type: "step.started" | "step.restarted", attempt: number): LiveEvent => ({
  type,
  data: { ...IN_STEP, attempt, step: makeStep("a", { status: "running", attempts: attempt }) },
});

describe("addDelta", () => {
  const live = { attempt: 1, text: "a😀b", length: 3 };

  it("adds at the end", () => {
    expect(addDelta(live, delta("c", 3))).toEqual({ attempt: 1, text: "a😀bc", length: 4 });
  });
  it("cuts what is there already, by code points", () => {
    expect(addDelta(live, delta("😀bc", 1))).toEqual({ attempt: 1, text: "a😀bc", length: 4 });
    expect(addDelta(live, delta("b😀😀", 2))).toMatchObject({ text: "a😀b😀😀", length: 5 });
  });
  it("drops a delta that brings nothing new, or is of an older attempt", () => {
    expect(addDelta(live, delta("😀b", 1))).toBe(live);
    expect(addDelta(live, delta("", 3))).toBe(live);
    expect(addDelta({ ...live, attempt: 2 }, delta("zzz", 3, 1))).toEqual({ ...live, attempt: 2 });
  });
  it("has a gap where text is missing or an attempt was not announced", () => {
    expect(addDelta(live, delta("x", 4))).toBeNull();
    expect(addDelta(live, delta("x", 0, 2))).toBeNull();
  });
});

describe("Texts", () => {
  let frames: (() => void)[];
  let texts: Texts;
  const draw = () => frames.splice(0).forEach((flush) => flush());
  const take = (...events: LiveEvent[]) => events.every((event) => texts.take(event));

  beforeEach(() => {
    frames = [];
    texts = new Texts((flush) => frames.push(flush));
  });

  it("shows any number of deltas at one frame", () => {
    let told = 0;
    texts.subscribe("a", () => (told += 1));
    expect(take(begin("step.started", 1), deltaEvent("Hel", 0), deltaEvent("lo", 3))).toBe(true);
    expect(texts.get("a")).toBeUndefined();
    expect(frames).toHaveLength(1);
    draw();
    expect(texts.get("a")).toBe("Hello");
    expect(told).toBe(1);
  });

  it("goes on from a snapshot, dropping what it has", () => {
    const step = makeStep("a", {
      status: "running",
      attempts: 1,
      message: { id: null, content: "Hé😀" },
    });
    texts.seed([makeTurn("t1", { steps: [step] })]);
    expect(take(deltaEvent("é😀", 1), deltaEvent("😀!", 2))).toBe(true);
    draw();
    expect(texts.get("a")).toBe("Hé😀!");
    expect(take(deltaEvent("x", 9))).toBe(false);
  });

  it("a snapshot that is ahead or behind sets the text", () => {
    take(begin("step.started", 1), deltaEvent("Hello", 0));
    const step = makeStep("a", { status: "running", attempts: 2, message: null });
    texts.seed([makeTurn("t1", { steps: [step] })]);
    expect(take(deltaEvent("Hey", 0, 2))).toBe(true);
    draw();
    expect(texts.get("a")).toBe("Hey");
  });

  it("step.restarted clears the text; the old attempt's deltas are dropped", () => {
    take(begin("step.started", 1), deltaEvent("Half a sen", 0), begin("step.restarted", 2));
    draw();
    expect(texts.get("a")).toBe("");
    expect(take(deltaEvent("tence", 10, 1), deltaEvent("New", 0, 2))).toBe(true);
    draw();
    expect(texts.get("a")).toBe("New");
  });

  it("a repeated step.started does not clear what came since", () => {
    take(begin("step.started", 1), deltaEvent("Hello", 0), begin("step.started", 1));
    expect(take(deltaEvent("!", 5))).toBe(true);
    draw();
    expect(texts.get("a")).toBe("Hello!");
  });

  it("forgets a text when its step or its turn is over", () => {
    take(begin("step.started", 1), deltaEvent("Hello", 0));
    draw();
    const step = makeStep("a", { status: "completed" });
    take({ type: "step.completed", data: { session_id: "session", turn_id: "t1", step } });
    draw();
    expect(texts.get("a")).toBeUndefined();
    expect(take(deltaEvent("late", 5))).toBe(false);

    take(begin("step.started", 1));
    const turn = makeTurn("t1", { status: "cancelled" });
    take({ type: "turn.completed", data: { session_id: "session", turn_id: "t1", turn } });
    draw();
    expect(texts.get("a")).toBeUndefined();
  });

  it("keeps the texts of two streaming steps apart", () => {
    const other: LiveEvent = {
      type: "step.started",
      data: { session_id: "other", turn_id: "t2", step_id: "z", attempt: 1, step: makeStep("z") },
    };
    const otherDelta: LiveEvent = {
      type: "step.delta",
      data: { ...delta("theirs", 0), session_id: "other", turn_id: "t2", step_id: "z" },
    };
    take(begin("step.started", 1), other, deltaEvent("ours", 0), otherDelta);
    draw();
    expect([texts.get("a"), texts.get("z")]).toEqual(["ours", "theirs"]);
  });

  it("a listener that left is not told", () => {
    let told = 0;
    const leave = texts.subscribe("a", () => (told += 1));
    leave();
    take(begin("step.started", 1));
    draw();
    expect(told).toBe(0);
  });
});
