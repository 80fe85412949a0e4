import { expect, it } from "vitest";

import { makeStep, makeTimeline, makeTurn, makeUsage } from "../../testing/make";

import { seatFacts } from "./seatFacts";

const step = (id: string, tokens: number, cost: string | null, calls = 1) =>
  makeStep(id, {
    agent: { key: "analyst", name: "Analyst", color: 1, model: `demo/${id}` },
    usage: makeUsage({ calls, input_tokens: tokens, cost_usd: cost }),
  });

it("adds up what a seat's calls have cost, and keeps its last request", () => {
  const timeline = makeTimeline([
    makeTurn("t1", { steps: [step("a", 100, "0.01"), makeStep("other")] }),
    makeTurn("t2", { steps: [step("b", 250, null), step("taken", 0, "0", 0)] }),
  ]);
  expect(seatFacts(timeline, "analyst")).toEqual({
    cost: "0.010000000000",
    calls: 2,
    last: { tokens: 250, model: "demo/b" },
  });
});

it("knows nothing of a seat that was never asked", () => {
  expect(seatFacts(makeTimeline([makeTurn("t1")]), "a")).toEqual({
    cost: null,
    calls: 0,
    last: null,
  });
});
