import { describe, expect, it } from "vitest";

import { type Choice, fitting } from "./choices";

const choice = (group: Choice["group"], name: string, hint?: string): Choice => ({
  id: `${group}.${name}`,
  group,
  name,
  ...(hint !== undefined && { hint }),
  run: () => undefined,
});
const names = (choices: Choice[]) => choices.map((one) => one.name);

const ALL = [
  choice("actions", "New room"),
  choice("rooms", "Café desk"),
  choice("sessions", "Launch plan", "Café desk"),
  choice("sessions", "The plan B"),
  choice("messages", "… the budget is too small …"),
];

describe("fitting", () => {
  it("offers sessions first and no answers while nothing is written", () =>
    expect(names(fitting(ALL, ""))).toEqual([
      "Launch plan",
      "The plan B",
      "Café desk",
      "New room",
    ]));

  it("finds every word, in name or hint, without accents", () =>
    expect(names(fitting(ALL, "cafe plan")).slice(0, 1)).toEqual(["Launch plan"]));

  it("puts first what begins with the text", () =>
    expect(names(fitting(ALL, "the plan"))[0]).toBe("The plan B"));

  it("shows what the server found as it is", () =>
    expect(names(fitting(ALL, "zzz"))).toEqual(["… the budget is too small …"]));

  it("shows few of many", () => {
    const many = Array.from({ length: 30 }, (_, at) => choice("sessions", `Session ${at}`));
    expect(fitting(many, "session")).toHaveLength(8);
    expect(fitting(many, "")).toHaveLength(6);
  });
});
