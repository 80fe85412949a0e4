import { expect, it } from "vitest";

import { countCodePoints, dropCodePoints } from "./codePoints";

it("counts a pair as one", () => {
  expect(countCodePoints("")).toBe(0);
  expect(countCodePoints("añ😀b")).toBe(4);
  expect(countCodePoints("👩‍🚀")).toBe(3);
});

it("counts as the language does, lone halves included", () => {
  for (const text of ["😀😀", "x\ud83d", "\ude00x", "\ud83d\ud83d\ude00", "日本𠮷"])
    expect(countCodePoints(text)).toBe([...text].length);
});

it("never cuts a pair", () => {
  expect(dropCodePoints("😀😀x", 1)).toBe("😀x");
  expect(dropCodePoints("añ😀b", 3)).toBe("b");
  expect(dropCodePoints("abc", 0)).toBe("abc");
  expect(dropCodePoints("abc", 9)).toBe("");
});
