import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";

import { createQueryClient } from "../api/queries";
import { makeSession } from "../testing/make";
import { items, json, serve } from "../testing/server";

import { Palette } from "./Palette";

afterEach(() => vi.unstubAllGlobals());

function open(answers: Parameters<typeof serve>[0] = {}) {
  const asked = serve({
    "GET /api/v1/sessions": items([makeSession({ id: "s1", name: "Launch plan" })]),
    ...answers,
  });
  const onClose = vi.fn();
  render(
    <QueryClientProvider client={createQueryClient()}>
      <Palette onClose={onClose} />
    </QueryClientProvider>,
  );
  return { asked, onClose, user: userEvent.setup(), box: screen.getByRole("combobox") };
}

describe("the palette", () => {
  it("goes to a session by a part of its name, with the keys alone", async () => {
    const { user, box, onClose } = open();
    await user.type(box, "launch pl");
    await screen.findByRole("option", { name: /Launch plan/ });
    await user.keyboard("{Enter}");
    expect(onClose).toHaveBeenCalledOnce();
    expect(location.pathname).toBe("/s/s1");
  });

  it("edits a room", async () => {
    const { user, box } = open();
    await user.type(box, "edit launch");
    await screen.findByRole("option", { name: "Edit Launch review" });
    await user.keyboard("{Enter}");
    expect(location.pathname).toBe("/rooms/room");
  });

  it("finds what was said, once the typing pauses, and goes to the place", async () => {
    const { asked, user, box } = open({
      "GET /api/v1/search": () =>
        json({
          sessions: [],
          items: [
            {
              message_id: "m",
              session_id: "s1",
              session_name: "Launch plan",
              turn_id: "t",
              step_id: "x",
              role: "agent",
              agent_key: "skeptic",
              excerpt: "the budget\nis too small",
              highlights: [],
              created_at: "2026-01-01T00:00:00Z",
            },
          ],
          next_cursor: null,
        }),
    });
    await user.type(box, "budget");
    const found = await screen.findByRole("option", { name: /the budget is too small/ });
    expect(found.textContent).toContain("Skeptic, Launch plan");
    const searched = asked.filter((one) => one.path === "/api/v1/search");
    expect(searched.map((one) => one.query.get("q"))).toEqual(["budget"]);
    await user.click(found);
    expect(location.pathname + location.hash).toBe("/s/s1#step-x");
  });

  it("says that nothing fits", async () => {
    const { user, box } = open();
    await user.type(box, "zzz");
    await waitFor(() => expect(screen.getByText("Nothing fits.")).toBeTruthy());
  });
});
