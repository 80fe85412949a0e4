import { renderHook } from "@testing-library/react";
import { act } from "react";
import { describe, expect, it, vi } from "vitest";

import { useWaiting } from "./useWaiting";

const BODY = { input: "And then?" };

function setUp(running: boolean) {
  const onTurn = vi.fn();
  const onLeft = vi.fn();
  const hook = renderHook(({ live }) => useWaiting("s", live, onTurn, onLeft), {
    initialProps: { live: running },
  });
  return { onTurn, onLeft, ...hook };
}

describe("a message that waits", () => {
  it("is sent once, when the turn has ended", () => {
    const { result, rerender, onTurn } = setUp(true);
    act(() => result.current.set(BODY));
    rerender({ live: true });
    expect(onTurn).not.toHaveBeenCalled();
    rerender({ live: false });
    rerender({ live: false });
    expect(onTurn).toHaveBeenCalledExactlyOnceWith(BODY);
    expect(result.current.body).toBeNull();
  });

  it("outlives a reload while the turn runs", () => {
    const before = setUp(true);
    act(() => before.result.current.set(BODY));
    const { rerender, onTurn } = setUp(true);
    rerender({ live: false });
    expect(onTurn).toHaveBeenCalledExactlyOnceWith(BODY);
  });

  it("is not sent unasked when it was left from before", () => {
    const before = setUp(true);
    act(() => before.result.current.set(BODY));
    const { onTurn, onLeft } = setUp(false);
    expect(onLeft).toHaveBeenCalledExactlyOnceWith(BODY);
    expect(onTurn).not.toHaveBeenCalled();
    expect(localStorage.getItem("pantheon.waiting.s")).toBeNull();
  });
});
