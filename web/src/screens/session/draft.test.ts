import { act, renderHook } from "@testing-library/react";
import { expect, it } from "vitest";

import { keyFor, replied, useDraft } from "./draft";

it("keeps a key until the server has answered", () => {
  const body = { input: "Hello" };
  const key = keyFor("s1", body);
  expect(keyFor("s1", { input: "Hello" })).toBe(key);
  expect(keyFor("s2", body)).not.toBe(key);
  replied("s1");
  expect(keyFor("s1", body)).not.toBe(key);
});

it("makes another key for another message", () => {
  const key = keyFor("s1", { input: "Hello" });
  expect(keyFor("s1", { input: "Hello", mode: "manual" })).not.toBe(key);
});

it("keeps a draft per session, over a reload", () => {
  const { result, rerender } = renderHook(({ id }) => useDraft(id), {
    initialProps: { id: "s1" },
  });
  act(() => result.current[1]("First"));
  rerender({ id: "s2" });
  expect(result.current[0]).toBe("");
  act(() => result.current[1]("Second"));
  rerender({ id: "s1" });
  expect(result.current[0]).toBe("First");
  const reloaded = renderHook(() => useDraft("s2"));
  expect(reloaded.result.current[0]).toBe("Second");
  act(() => reloaded.result.current[1](""));
  expect(localStorage.getItem("pantheon.draft.s2")).toBeNull();
});
