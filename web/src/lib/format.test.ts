import { describe, expect, it } from "vitest";

import {
  addDecimals,
  clock,
  creditsOf,
  dayLabel,
  duration,
  elapsed,
  isFree,
  large,
  moment,
  percentOf,
  usd,
  usdRange,
  windowSize,
} from "./format";

describe("usd", () => {
  it.each([
    ["0.0092", "$0.0092"],
    ["0.00925", "$0.0093"],
    ["0.00001", "<$0.0001"],
    ["0.99994", "$0.9999"],
    ["0.99995", "$1.00"],
    ["1.005", "$1.01"],
    ["12", "$12.00"],
    ["1234567.891", "$1,234,567.89"],
    ["-3.5", "−$3.50"],
    ["90071992547409.91", "$90,071,992,547,409.91"],
  ])("shows %s as %s", (value, shown) => expect(usd(value)).toBe(shown));

  it("tells nothing known from known to be nothing", () => {
    expect(usd(null)).toBe("unpriced");
    expect(usd("0.000000")).toBe("free");
    expect(isFree("0.00")).toBe(true);
    expect(isFree(null)).toBe(false);
  });

  it("marks an estimate", () => expect(usd("0.5", true)).toBe("≈$0.5000"));
});

describe("usdRange", () => {
  it.each([
    ["0.04", "0.18", "$0.04–0.18"],
    ["0.0011", "4.2", "$0.0011–4.20"],
    ["0.1", "0.25", "$0.10–0.25"],
    ["0", "0.18", "up to $0.18"],
    ["0.00001", "0.5", "<$0.0001–0.50"],
    ["0.04", "0.04", "$0.04"],
    ["10", "20", "$10.00–20.00"],
    ["0", "0.000000", "free"],
  ])("shows %s to %s as %s", (low, high, shown) => expect(usdRange(low, high)).toBe(shown));
});

it("shows a time of another day with its day", () => {
  const now = new Date();
  expect(moment(now.toISOString())).not.toContain(",");
  expect(moment(new Date(now.getTime() + 172_800_000).toISOString())).toContain(", ");
});

describe("addDecimals", () => {
  it("adds without rounding", () => {
    expect(usd(addDecimals(["0.1", "0.2"]))).toBe("$0.3000");
    expect(addDecimals(["0.000000000001", "-1"])).toBe("-0.999999999999");
  });
  it("is null where nothing is known", () => {
    expect(addDecimals([])).toBeNull();
    expect(addDecimals([null, null])).toBeNull();
    expect(usd(addDecimals([null, "2"]))).toBe("$2.00");
  });
});

it("shows times", () => {
  expect(duration(42)).toBe("42 ms");
  expect(duration(4_100)).toBe("4.1 s");
  expect(duration(9_960)).toBe("10 s");
  expect(duration(71_000)).toBe("1:11");
  expect(elapsed(38_900)).toBe("38 s");
  expect(elapsed(3_600_000)).toBe("60:00");
  expect(clock(8_000)).toBe("0:08");
});

it("shows windows", () => {
  expect(windowSize(8_192)).toBe("8 k");
  expect(windowSize(1_048_576)).toBe("1 M");
  expect(windowSize(512)).toBe("512");
});

describe("large numbers and days", () => {
  it.each([
    [0, "0"],
    [9_999, "9,999"],
    [39_214, "39.2 k"],
    [999_499, "999 k"],
    [999_500, "1 M"],
    [3_921_000, "3.92 M"],
  ])("keeps three digits of %d", (value, words) => {
    expect(large(value)).toBe(words);
  });

  it("names a day without its year", () => {
    const words = dayLabel("2026-11-24");
    expect(words).toContain("24");
    expect(words).not.toContain("2026");
  });
});

describe("credits", () => {
  it.each([
    ["0", "0"],
    ["0.000000", "0"],
    ["0.00004", "<0.0001"],
    ["0.0486", "0.0486"],
    ["0.2100", "0.21"],
    ["0.5", "0.50"],
    ["18.4201", "18.42"],
    ["-3", "−3.00"],
    ["12345.6", "12,345.60"],
  ])("shows %s as %s", (value, shown) => expect(creditsOf(value)).toBe(shown));

  it.each([
    ["0", "2", 0],
    ["0.21", "2", 10.5],
    ["3", "2", 100],
    ["0", "0", 100],
    ["-1", "2", 0],
  ])("tells that %s of %s is %d percent", (spent, limit, percent) =>
    expect(percentOf(spent, limit)).toBe(percent),
  );
});
