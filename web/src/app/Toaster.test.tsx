import { act, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import { showToast } from "../parts/toasts";

import { Toaster } from "./Toaster";

describe("a toast", () => {
  it("does what its button says, and goes", async () => {
    let undone = 0;
    render(<Toaster />);
    act(() => showToast({ words: "Gone.", action: { label: "Undo", run: () => void undone++ } }));
    await userEvent.click(screen.getByRole("button", { name: "Undo" }));
    await waitFor(() => expect(screen.queryByText("Gone.")).toBeNull());
    expect(undone).toBe(1);
  });

  it("says at once that its button did not work", async () => {
    render(<Toaster />);
    const run = () => Promise.reject(new Error("Too late."));
    act(() => showToast({ words: "Gone for long.", action: { label: "Undo", run } }));
    await userEvent.click(screen.getByRole("button", { name: "Undo" }));
    expect((await screen.findByRole("alert")).textContent).toContain("Too late.");
  });

  it("gives way to newer ones: three are shown", () => {
    render(<Toaster />);
    act(() => ["1", "2", "3", "4"].forEach((words) => showToast({ words })));
    expect(screen.queryByText("1")).toBeNull();
    expect(screen.getByText("4")).toBeTruthy();
  });
});
