import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";

import { makeStep, makeTurn } from "../../testing/make";

import { Announcer } from "./Announcer";

it("tells what has ended, politely, and not what was there before", () => {
  const before = makeTurn("t1", { steps: [makeStep("a", { status: "running" }), makeStep("b")] });
  const { rerender } = render(<Announcer turn={before} />);
  const region = screen.getByRole("status");
  expect(region.getAttribute("aria-live")).toBe("polite");
  expect(region.textContent).toBe("");

  const steps = [makeStep("a", { status: "completed" }), makeStep("b", { status: "running" })];
  rerender(<Announcer turn={{ ...before, steps }} />);
  expect(region.textContent).toBe("A done, 1 of 2");

  const over = [steps[0] ?? makeStep("a"), makeStep("b", { status: "failed" })];
  rerender(<Announcer turn={{ ...before, steps: over, status: "partial" }} />);
  expect(region.textContent).toBe("B failed, 1 of 2. Turn partial");

  rerender(<Announcer turn={makeTurn("t2", { index: 2, steps: over, status: "completed" })} />);
  expect(region.textContent).toBe("B failed, 1 of 2. Turn partial");
});
