import { describe, expect, it } from "vitest";

import { diffRows, diffWords } from "./diff";

describe("diffWords", () => {
  it("tells once what both have, and what is gone and new where it is", () => {
    expect(diffWords("The launch is on Friday.", "The launch is on Monday, late.")).toEqual([
      { kind: "same", text: "The launch is on " },
      { kind: "gone", text: "Friday." },
      { kind: "new", text: "Monday, late." },
    ]);
  });

  it("takes no other white space for another word", () => {
    expect(diffWords("a b", "a\nb")).toEqual([{ kind: "same", text: "a\nb" }]);
  });

  it("gives both texts back from its pieces", () => {
    const [before, after] = ["one two three four", "zero two four five"];
    const pieces = diffWords(before, after);
    const without = (kind: string) =>
      pieces.filter((piece) => piece.kind !== kind).flatMap((piece) => piece.text.split(/\s+/));
    const words = (text: string) => text.split(" ");
    expect(without("new").filter(Boolean)).toEqual(words(before));
    expect(without("gone").filter(Boolean)).toEqual(words(after));
  });

  it("tells very long texts whole", () => {
    const long = "word ".repeat(1_300);
    expect(diffWords(long, "short").map((piece) => piece.kind)).toEqual(["gone", "new"]);
  });

  it("says nothing of two empty texts", () => {
    expect(diffWords("", "")).toEqual([]);
  });
});

it("puts rows that are gone behind those that are there", () => {
  const rows = diffRows(["a", "b"], ["b", "c"], (row) => row);
  expect(rows).toEqual([
    { kind: "same", row: "b" },
    { kind: "new", row: "c" },
    { kind: "gone", row: "a" },
  ]);
});
