import { describe, expect, it } from "vitest";

import { makeStep, makeTurn } from "../../testing/make";

import { endOf } from "./useEndNotice";

const done = { status: "completed" } as const;
const running = makeTurn("t", { created_at: "2026-01-01T00:00:00Z" });
const ended = makeTurn("t", {
  status: "partial",
  created_at: "2026-01-01T00:00:00Z",
  finished_at: "2026-01-01T00:00:40Z",
  steps: [makeStep("a", done), makeStep("b", { status: "failed" })],
});

describe("the end of a turn", () => {
  it("is told of a long one, once", () => {
    expect(endOf(running, ended)).toBe("Turn partial, 1 of 2 answered");
    expect(endOf(ended, ended)).toBeNull();
  });

  it("is not told of a short one, nor of one that was over when the page came", () => {
    expect(endOf(running, { ...ended, finished_at: "2026-01-01T00:00:03Z" })).toBeNull();
    expect(endOf(undefined, ended)).toBeNull();
    expect(endOf({ ...running, id: "other" }, ended)).toBeNull();
  });

  it("is told of a turn that waits for its user, however soon", () =>
    expect(endOf(running, { ...running, status: "awaiting_input" })).toBe(
      "The turn waits for you",
    ));
});
