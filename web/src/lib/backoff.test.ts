import { afterEach, expect, it, vi } from "vitest";

import { backoffMs, pause } from "./backoff";

afterEach(() => vi.useRealTimers());

it("doubles from a quarter of a second to ten", () => {
  const longest = [1, 2, 3, 4, 5, 6, 7, 20].map((failures) => backoffMs(failures, () => 1));
  expect(longest).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
});

it("spreads over the upper half", () => {
  expect(backoffMs(3, () => 0)).toBe(500);
  for (let n = 0; n < 100; n += 1) {
    const ms = backoffMs(6);
    expect(ms).toBeGreaterThanOrEqual(4_000);
    expect(ms).toBeLessThanOrEqual(8_000);
  }
});

it("ends early when the network is back or nobody waits any more", async () => {
  vi.useFakeTimers();
  const online = pause(60_000, new AbortController().signal);
  dispatchEvent(new Event("online"));
  await online;
  const stop = new AbortController();
  const stopped = pause(60_000, stop.signal);
  stop.abort();
  await stopped;
  await pause(60_000, AbortSignal.abort());
  expect(vi.getTimerCount()).toBe(0);
});
