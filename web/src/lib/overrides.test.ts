import { describe, expect, it } from "vitest";

import { differing, same, withPart } from "./overrides";

describe("same", () => {
  it("does not mind the order of keys, and minds that of a list", () => {
    expect(same({ a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 })).toBe(true);
    expect(same([1, 2], [2, 1])).toBe(false);
    expect(same({ a: 1 }, { a: 1, b: null })).toBe(false);
  });
});

describe("withPart", () => {
  const base = { name: "Desk", limits: { rounds: 3 } as Record<string, number> };

  it("keeps what differs from the base", () => {
    expect(withPart(base, {}, { name: "Table" })).toEqual({ name: "Table" });
    expect(withPart(base, { name: "Table" }, { limits: {} })).toEqual({ name: "Table", limits: {} });
  });

  it("forgets what is as in the base again", () => {
    expect(withPart(base, { name: "Table" }, { name: "Desk" })).toEqual({});
    expect(withPart(base, {}, { limits: { rounds: 3 } })).toEqual({});
  });
});

describe("differing", () => {
  it("names the fields", () => {
    expect(differing({ a: 1, b: [1] }, { a: 1, b: [2] })).toEqual(["b"]);
  });
});
