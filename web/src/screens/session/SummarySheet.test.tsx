import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";

import { createQueryClient } from "../../api/queries";
import type { Summary } from "../../api/types";
import { changes, json, serve } from "../../testing/server";
import { problem } from "../../testing/stream";

import { SummaryMarker } from "./SummaryMarker";

afterEach(() => vi.unstubAllGlobals());

const SUMMARY: Summary = {
  id: "sum",
  session_id: "s1",
  scope: "all",
  version: 2,
  from_turn: 1,
  to_turn: 6,
  to_turn_id: "t6",
  previous_id: null,
  step_id: null,
  edited_by: null,
  tokens: 60,
  content: {
    summary: "The launch is on Friday.",
    key_facts: [{ text: "41 of 43 checks pass.", turns: [2, 3] }],
    decisions: null,
    open_questions: null,
    action_items: null,
    figures_and_names: null,
  },
  dropped: [{ field: "key_facts", text: "99 checks", reason: "never said" }],
  state: "current",
  created_at: "2026-01-01T00:00:00Z",
};

function open(answers: Parameters<typeof serve>[0] = {}, part: Partial<Summary> = {}) {
  const asked = serve(answers);
  render(
    <QueryClientProvider client={createQueryClient()}>
      <SummaryMarker summary={{ ...SUMMARY, ...part }} />
    </QueryClientProvider>,
  );
  return { asked, user: userEvent.setup() };
}

describe("a summary's marker", () => {
  it("opens what agents read, with the turns it is from and what was left out", async () => {
    const { user } = open();
    expect(screen.getByText("Turns 1–6 are summarised")).toBeTruthy();
    await user.click(screen.getByRole("button", { name: /read$/ }));
    const sheet = await screen.findByRole("dialog", { name: "Summary of turns 1–6" });
    expect(sheet.textContent).toContain("The launch is on Friday.");
    expect(sheet.textContent).toContain("41 of 43 checks pass. turn 2, 3");
    expect(sheet.textContent).toContain("1 statement left out");
  });

  it("says whose it is where it is one agent's own", async () => {
    open({}, { scope: "own:skeptic" });
    await screen.findByText("For Skeptic, turns 1–6 are summarised");
  });

  it("is undone only as it was read", async () => {
    const { asked, user } = open({
      "POST /api/v1/summaries/sum/undo": () => json({ ...SUMMARY, state: "undone" }),
    });
    await user.click(screen.getByRole("button", { name: /read$/ }));
    await user.click(await screen.findByRole("button", { name: "Undo the summary" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(changes(asked)).toEqual([["POST /api/v1/summaries/sum/undo", '"2"', undefined]]);
  });

  it("stays open and says why it cannot be undone", async () => {
    const { user } = open({
      "POST /api/v1/summaries/sum/undo": () => problem(409, "stale_version"),
    });
    await user.click(screen.getByRole("button", { name: /read$/ }));
    await user.click(await screen.findByRole("button", { name: "Undo the summary" }));
    expect((await screen.findByRole("alert")).textContent).toBe("It says stale_version.");
  });

  it("is changed as a new version, and says what stays as it was", async () => {
    const { asked, user } = open({ "PATCH /api/v1/summaries/sum": () => json(SUMMARY) });
    await user.click(screen.getByRole("button", { name: /read$/ }));
    await user.click(await screen.findByRole("button", { name: "Edit" }));
    const save = screen.getByRole<HTMLButtonElement>("button", { name: "Save as a new version" });
    expect(save.disabled).toBe(true);
    const fact = screen.getByRole("textbox", { name: "Facts, 1" });
    await user.clear(fact);
    expect(save.disabled).toBe(true);
    await user.type(fact, "42 of 43 checks pass.");
    await user.click(save);
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    const body = { key_facts: [{ text: "42 of 43 checks pass.", turns: [2, 3] }] };
    expect(changes(asked)).toEqual([["PATCH /api/v1/summaries/sum", '"2"', body]]);
  });

  it("shows beside an earlier version what is gone and what is new", async () => {
    const before: Summary = {
      ...SUMMARY,
      id: "old",
      version: 1,
      state: "replaced",
      content: { ...SUMMARY.content, summary: "The launch is on Monday." },
    };
    const { user } = open(
      { "GET /api/v1/sessions/s1/summaries": () => json({ items: [before], next_cursor: null }) },
      { previous_id: "old" },
    );
    await user.click(screen.getByRole("button", { name: /read$/ }));
    await user.selectOptions(await screen.findByRole("combobox", { name: "Compare with" }), "old");
    expect(document.querySelector("del")?.textContent).toBe("Monday.");
    expect(document.querySelector("ins")?.textContent).toBe("Friday.");
  });
});
