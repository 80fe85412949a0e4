import { expect, it } from "vitest";

import type { Turn } from "../../api/types";
import { makeStep, makeTurn } from "../../testing/make";

import { newSince, seenNow } from "./news";

const turn = (index: number, ended: number): Turn =>
  makeTurn(`t${index}`, {
    index,
    steps: [0, 1, 2].map((n) =>
      makeStep(`${index}.${n}`, { finished_at: n < ended ? "2026-01-01T00:00:00Z" : null }),
    ),
  });

it("counts the steps that ended since", () => {
  const seen = seenNow([turn(4, 3), turn(5, 1)]);
  expect(newSince(seen, [turn(4, 3), turn(5, 1)])).toBe(0);
  expect(newSince(seen, [turn(4, 3), turn(5, 3), turn(6, 2)])).toBe(4);
});

it("does not count older turns that are loaded", () => {
  const seen = seenNow([turn(4, 3)]);
  expect(newSince(seen, [turn(1, 3), turn(2, 3), turn(3, 3), turn(4, 3)])).toBe(0);
});

it("begins at nothing", () => {
  expect(newSince(seenNow([]), [turn(1, 2)])).toBe(2);
});
