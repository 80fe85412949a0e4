import { describe, expect, it } from "vitest";

import { makeApproval, makeSession, makeStep, makeTimeline, makeTurn } from "../testing/make";

import type { LiveEvent } from "./events";
import { OUT_OF_STEP, reduce } from "./reduce";
import type { Timeline } from "./timeline";
import type { Step, Turn } from "./types";

const IN_TURN = { session_id: "session", turn_id: "t1" };

function after(timeline: Timeline, ...events: LiveEvent[]): Timeline {
  return events.reduce((held, event) => {
    const next = reduce(held, event);
    if (next === OUT_OF_STEP) throw new Error(`out of step at ${event.type}`);
    return next;
  }, timeline);
}

const stepOf = (timeline: Timeline, id: string): Step =>
  timeline.turns.flatMap((turn) => turn.steps).find((step) => step.id === id) as Step;

function started(step: Step, attempt = 1): LiveEvent {
  const running: Step = { ...step, status: "running", attempts: attempt };
  const type = attempt === 1 ? "step.started" : "step.restarted";
  return { type, data: { ...IN_TURN, step_id: step.id, attempt, step: running } };
}

function ended(type: "step.completed" | "step.failed" | "step.cancelled" | "step.skipped") {
  const status = type.slice("step.".length) as Step["status"];
  const step = makeStep("a", { status, attempts: 1, message: { id: "m", content: "Words" } });
  return { event: { type, data: { ...IN_TURN, step } } satisfies LiveEvent, step };
}

const ONE = makeTimeline([makeTurn("t1", { status: "queued" })]);

describe("turns", () => {
  it("turn.created puts the turn at the end and moves the head", () => {
    const turn = makeTurn("t2", { index: 2, parent_id: "t1", status: "queued" });
    const done = after(ONE, { type: "turn.created", data: { ...IN_TURN, turn_id: "t2", turn } });
    expect(done.turns.map((other) => other.id)).toEqual(["t1", "t2"]);
    expect(done.session.head_turn_id).toBe("t2");
  });

  it("turn.created of a retry takes the place of what it retries", () => {
    const first = makeTurn("t1", { status: "completed" });
    const second = makeTurn("t2", { index: 2, parent_id: "t1", status: "partial" });
    const retry = makeTurn("t3", { index: 3, parent_id: "t1", retry_of: "t2", status: "queued" });
    const done = after(makeTimeline([first, second]), {
      type: "turn.created",
      data: { ...IN_TURN, turn_id: "t3", turn: retry },
    });
    expect(done.turns.map((turn) => turn.id)).toEqual(["t1", "t3"]);
  });

  it("turn.created of a retry of the first turn begins the chain anew", () => {
    const retry = makeTurn("t2", { index: 2, retry_of: "t1", status: "queued" });
    const done = after(makeTimeline([makeTurn("t1", { status: "failed" })]), {
      type: "turn.created",
      data: { ...IN_TURN, turn_id: "t2", turn: retry },
    });
    expect(done.turns.map((turn) => turn.id)).toEqual(["t2"]);
    expect(done.olderCursor).toBeNull();
  });

  it("turn.created twice is one turn, and an old turn does not come back", () => {
    const turn = makeTurn("t2", { index: 2, parent_id: "t1", status: "queued" });
    const event: LiveEvent = { type: "turn.created", data: { ...IN_TURN, turn_id: "t2", turn } };
    expect(after(ONE, event, event).turns).toHaveLength(2);
    const older = makeTurn("t0", { index: 0 });
    const late: LiveEvent = {
      type: "turn.created",
      data: { ...IN_TURN, turn_id: "t0", turn: older },
    };
    expect(after(ONE, late)).toBe(ONE);
  });

  it("turn.created that comes late takes nothing back of a running turn", () => {
    const turn = makeTurn("t1", { status: "queued", steps: [makeStep("a", { status: "pending" })] });
    const event: LiveEvent = { type: "turn.created", data: { ...IN_TURN, turn } };
    const running = after(makeTimeline([turn]), started(makeStep("a", { status: "running" })));
    expect(running.turns[0]?.steps[0]?.status).toBe("running");
    expect(after(running, event)).toBe(running);
  });

  it("turn.created that continues a turn which is not here asks for a snapshot", () => {
    const turn = makeTurn("t9", { index: 9, parent_id: "t8" });
    const event: LiveEvent = { type: "turn.created", data: { ...IN_TURN, turn_id: "t9", turn } };
    expect(reduce(ONE, event)).toBe(OUT_OF_STEP);
  });

  it("turn.started begins a queued turn only", () => {
    const event: LiveEvent = { type: "turn.started", data: IN_TURN };
    expect(after(ONE, event).turns[0]?.status).toBe("running");
    const over = makeTimeline([makeTurn("t1", { status: "completed" })]);
    expect(after(over, event)).toBe(over);
  });

  it("turn.awaiting_input waits for the user, until the word is given", () => {
    const word = makeStep("word", { kind: "approval", status: "completed", agent: null });
    const asked: LiveEvent = {
      type: "turn.awaiting_input",
      data: { ...IN_TURN, step_id: "word", approval: makeApproval("word") },
    };
    const waits = after(ONE, asked);
    expect(waits.turns[0]?.status).toBe("awaiting_input");
    expect(waits.turns[0]?.approval).toEqual(makeApproval("word"));
    const given: LiveEvent = { type: "step.completed", data: { ...IN_TURN, step: word } };
    const goesOn = after(waits, given);
    expect(goesOn.turns[0]).toMatchObject({ status: "queued", approval: null });
    // Behind the answer that has the same place.
    expect(goesOn.turns[0]?.steps.map((step) => step.id)).toEqual(["a", "word", "b"]);
    const started: LiveEvent = { type: "turn.started", data: IN_TURN };
    const runs = after(goesOn, started);
    expect(runs.turns[0]?.status).toBe("running");
    // The question comes again after a reconnect: it was answered.
    expect(after(runs, asked)).toBe(runs);
  });

  it("another approval's word leaves the turn waiting", () => {
    const waits = after(ONE, {
      type: "turn.awaiting_input",
      data: { ...IN_TURN, step_id: "two", approval: makeApproval("two") },
    });
    const step = makeStep("one", { kind: "approval", status: "completed", agent: null });
    const done = after(waits, { type: "step.completed", data: { ...IN_TURN, step } });
    expect(done.turns[0]?.status).toBe("awaiting_input");
  });

  it("turn.completed has the last word, and nothing after it changes the turn", () => {
    const steps = [makeStep("a", { status: "completed" }), makeStep("b", { status: "failed" })];
    const turn = makeTurn("t1", { status: "partial", steps });
    const done = after(ONE, { type: "turn.completed", data: { ...IN_TURN, turn } });
    expect(done.turns[0]).toBe(turn);
    const { event } = ended("step.cancelled");
    expect(after(done, event, started(makeStep("a"))).turns[0]).toBe(turn);
    const created: LiveEvent = {
      type: "turn.created",
      data: { ...IN_TURN, turn: makeTurn("t1", { status: "queued" }) },
    };
    expect(after(done, created).turns[0]).toBe(turn);
  });

  it("an unknown turn asks for a snapshot", () => {
    const event: LiveEvent = { type: "turn.started", data: { ...IN_TURN, turn_id: "other" } };
    expect(reduce(ONE, event)).toBe(OUT_OF_STEP);
  });
});

describe("steps", () => {
  it("step.started runs it, and its text is kept elsewhere", () => {
    const step = makeStep("a", { message: { id: null, content: "" } });
    const done = after(ONE, started(step));
    expect(stepOf(done, "a")).toMatchObject({ status: "running", attempts: 1, message: null });
    expect(stepOf(done, "b").status).toBe("pending");
  });

  it("step.started of a step that the turn has just made puts it in order", () => {
    const late = makeStep("late", { round: 1, position: 10 });
    const early = makeStep("early", { round: 1, position: 0 });
    const done = after(ONE, started(late), started(early));
    expect(done.turns[0]?.steps.map((step) => step.id)).toEqual(["early", "a", "b", "late"]);
  });

  it("step.retrying tells why, step.restarted forgets it", () => {
    const error = { code: "rate_limited", title: "Busy", detail: "Later", retryable: true };
    const retrying: LiveEvent = {
      type: "step.retrying",
      data: { ...IN_TURN, step_id: "a", attempt: 1, error, wait_ms: 500 },
    };
    const waiting = after(ONE, started(makeStep("a")), retrying);
    expect(stepOf(waiting, "a").error).toEqual({ ...error, waitMs: 500 });
    const again = after(waiting, started(makeStep("a"), 2));
    expect(stepOf(again, "a")).toMatchObject({ error: null, attempts: 2, status: "running" });
    expect(stepOf(after(again, retrying), "a").error).toBeNull();
  });

  it.each(["step.completed", "step.failed", "step.cancelled", "step.skipped"] as const)(
    "%s stores the step as the server has it, once",
    (type) => {
      const { event, step } = ended(type);
      const done = after(ONE, event);
      expect(stepOf(done, "a")).toEqual(step);
      expect(after(done, started(makeStep("a"), 2))).toBe(done);
    },
  );

  it("keeps the siblings that only a snapshot knows", () => {
    const turn = makeTurn("t1", { steps: [makeStep("a", { siblings: ["x"] })] });
    const done = after(makeTimeline([turn]), ended("step.completed").event);
    expect(stepOf(done, "a").siblings).toEqual(["x"]);
  });

  it.each(["step.reasoning", "step.tool_call", "step.tool_result"] as const)(
    "%s changes nothing yet, and asks for a snapshot when the step is unknown",
    (type) => {
      expect(after(ONE, { type, data: { ...IN_TURN, step_id: "a" } })).toBe(ONE);
      expect(reduce(ONE, { type, data: { ...IN_TURN, step_id: "?" } })).toBe(OUT_OF_STEP);
    },
  );

  it("step.delta leaves the timeline as it is, unless the step is unknown", () => {
    const delta = { ...IN_TURN, attempt: 1, text: "x", offset: 0, length: 1 };
    expect(after(ONE, { type: "step.delta", data: { ...delta, step_id: "a" } })).toBe(ONE);
    expect(reduce(ONE, { type: "step.delta", data: { ...delta, step_id: "?" } })).toBe(OUT_OF_STEP);
  });

  it("does not touch the timeline that it was given", () => {
    const before = structuredClone(ONE);
    after(ONE, started(makeStep("a")), ended("step.completed").event);
    expect(ONE).toEqual(before);
  });
});

describe("route.decided", () => {
  const decision = { action: "delegate", assignments: [], answer: null, reason: "" } as const;
  const route = makeStep("route", { kind: "route", position: 0, status: "completed" });
  const managed = makeTimeline([
    makeTurn("t1", { mode: "orchestrator", steps: [route, makeStep("r2", { round: 2 })] }),
  ]);
  const event: LiveEvent = {
    type: "route.decided",
    data: {
      ...IN_TURN,
      step_id: "route",
      decision: { ...decision, assignments: [] },
      steps: [makeStep("y", { position: 2 }), makeStep("x", { position: 1 })],
    },
  };

  it("puts in the steps that it made, in their order", () => {
    const done = after(managed, event);
    expect(done.turns[0]?.steps.map((step) => step.id)).toEqual(["route", "x", "y", "r2"]);
  });

  it("leaves alone what has gone on already, and turns that are over", () => {
    const gone = after(managed, event, started(makeStep("x")));
    expect(after(gone, event)).toBe(gone);
    const over = makeTimeline([makeTurn("t1", { status: "cancelled", steps: [route] })]);
    expect(after(over, event)).toBe(over);
  });

  it("is followed by steps that only their start announces", () => {
    const synthesis = makeStep("synth", { kind: "synthesis", round: 3, position: 0 });
    const done = after(managed, event, started(synthesis));
    expect(done.turns[0]?.steps.at(-1)).toMatchObject({ id: "synth", status: "running" });
  });
});

describe("the rest", () => {
  it("context.summarised is taken", () => {
    expect(after(ONE, { type: "context.summarised", data: IN_TURN })).toBe(ONE);
  });

  it("session.updated renames the session", () => {
    const session = makeSession({ name: "Named" });
    const done = after(ONE, { type: "session.updated", data: { session_id: "session", session } });
    expect(done.session.name).toBe("Named");
  });

  it("stream.reset asks for a snapshot", () => {
    expect(reduce(ONE, { type: "stream.reset", data: {} })).toBe(OUT_OF_STEP);
  });
});

it("two sessions never mix", () => {
  const other = makeTimeline([makeTurn("t1", { session_id: "other" })], {
    session: makeSession({ id: "other" }),
  });
  const turn: Turn = makeTurn("t2", { index: 2, parent_id: "t1" });
  const events: LiveEvent[] = [
    started(makeStep("a")),
    ended("step.completed").event,
    { type: "turn.created", data: { ...IN_TURN, turn_id: "t2", turn } },
    { type: "turn.completed", data: { ...IN_TURN, turn: makeTurn("t1", { status: "failed" }) } },
    { type: "stream.reset", data: { session_id: "session" } },
  ];
  for (const event of events) expect(reduce(other, event)).toBe(other);
});
