import { describe, expect, it } from "vitest";

import type { UsageSum } from "../../api/usage";

import { axisOf, chartOf, daysBetween, medianOf } from "./series";

const sum = (day: string, agent: string | null, cost: string | null, tokens = 10): UsageSum => ({
  day,
  agent,
  usage: {
    input_tokens: tokens,
    cached_input_tokens: 0,
    output_tokens: 0,
    reasoning_tokens: 0,
    calls: 1,
    unpriced_calls: cost === null ? 1 : 0,
    cost_usd: cost,
    credits: "0.0000",
    estimated: false,
  },
});
const AGENTS = [
  { key: "analyst", name: "Analyst", color: 1 },
  { key: "editor", name: "Editor", color: 5 },
];

describe("the chart", () => {
  it("stacks each day's cost by agent, the dearest first, and keeps days without any", () => {
    const chart = chartOf(
      [
        sum("2026-11-24", "analyst", "0.100000"),
        sum("2026-11-24", "editor", "0.300000"),
        sum("2026-11-22", "analyst", "0.050000"),
      ],
      ["2026-11-22", "2026-11-23", "2026-11-24"],
      AGENTS,
    );
    expect(chart.measure).toBe("cost");
    expect(chart.series.map(({ name, color }) => [name, color])).toEqual([
      ["Editor", 5],
      ["Analyst", 1],
    ]);
    expect(chart.bars.map((bar) => bar.parts.map((part) => part.height))).toEqual([
      [0, 0.05],
      [0, 0],
      [0.3, 0.1],
    ]);
    expect(chart.bars[2]?.total).toBe("0.400000000000");
    expect(chart.highest).toBeCloseTo(0.4);
  });

  it("shows tokens where nothing cost anything", () => {
    const chart = chartOf([sum("2026-11-24", "editor", "0.000000", 70)], ["2026-11-24"], AGENTS);
    expect(chart.measure).toBe("tokens");
    expect(chart.bars[0]?.height).toBe(70);
  });

  it("puts the agents past the sixth together, and names what it does not know", () => {
    const sums = Array.from({ length: 8 }, (_, n) => sum("2026-11-24", `a${n}`, `0.${9 - n}`));
    const chart = chartOf([...sums, sum("2026-11-24", null, "9")], ["2026-11-24"], AGENTS);
    expect(chart.series.map((one) => one.name)).toEqual([
      "No agent",
      "a0",
      "a1",
      "a2",
      "a3",
      "Others",
    ]);
    expect(chart.bars[0]?.parts.at(-1)?.height).toBeCloseTo(0.5 + 0.4 + 0.3 + 0.2);
  });

  it("adds a day of the workspace that this device does not have", () => {
    const chart = chartOf([sum("2026-11-25", "editor", "1")], ["2026-11-24"], AGENTS);
    expect(chart.bars.map((bar) => bar.day)).toEqual(["2026-11-24", "2026-11-25"]);
  });
});

describe("days, axis and median", () => {
  it("counts days over the end of a month", () => {
    const days = daysBetween(new Date(2026, 9, 30), new Date(2026, 10, 2, 12));
    expect(days).toEqual(["2026-10-30", "2026-10-31", "2026-11-01", "2026-11-02"]);
  });

  it.each([
    [0.33, [0, 0.1, 0.2, 0.3, 0.4]],
    [100, [0, 25, 50, 75, 100]],
    [7, [0, 2, 4, 6, 8]],
    [0, [0]],
  ])("ends the axis at or above %d", (highest, ticks) => {
    expect(axisOf(highest).map((tick) => Number(tick.toFixed(6)))).toEqual(ticks);
  });

  it("takes the lower of two middles, and no price for none", () => {
    expect(medianOf(["0.3", "0.1", null, "0.2", "0.05"])).toBe("0.1");
    expect(medianOf([null])).toBeNull();
  });
});
