import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";

import { createQueryClient } from "../../api/queries";
import { changes, items, json, makeAgent, makeRoom, makeSeat, serve } from "../../testing/server";
import { problem } from "../../testing/stream";

import RoomScreen from "./RoomScreen";

afterEach(() => vi.unstubAllGlobals());

function open(id = "room") {
  render(
    <QueryClientProvider client={createQueryClient()}>
      <RoomScreen id={id} />
    </QueryClientProvider>,
  );
  // Without the pauses between keys: what is typed here is a test of nothing but its end.
  return userEvent.setup({ delay: null });
}

describe("the room editor", () => {
  it("saves what is changed, and only if nobody was faster", async () => {
    const asked = serve({
      "PATCH /api/v1/rooms/room/agents/agent-skeptic": () =>
        json(makeSeat("skeptic", 2, { muted: true }), 200, { ETag: '"2"' }),
      "PATCH /api/v1/rooms/room": () => json(makeRoom({ version: 3, mode: "manual" })),
    });
    const user = open();
    await user.click(await screen.findByRole("radio", { name: /^Tag/ }));
    await user.click(await screen.findByRole("switch", { name: "Skeptic answers" }));
    expect(screen.getByText("2 unsaved changes")).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "Save room" }));
    await waitFor(() =>
      expect(changes(asked)).toEqual([
        [
          "PATCH /api/v1/rooms/room/agents/agent-skeptic",
          '"1"',
          { muted: true, context: null },
        ],
        ["PATCH /api/v1/rooms/room", '"2"', { mode: "manual" }],
      ]),
    );
    await screen.findByText("Saved");
  });

  it("keeps the changes when somebody was faster, and says what was changed", async () => {
    let room = makeRoom();
    const asked = serve({
      "GET /api/v1/rooms/room": () => json(room),
      "PATCH /api/v1/rooms/room": ({ ifMatch }) => {
        if (ifMatch === '"1"') {
          room = makeRoom({ version: 2, goal: "Theirs" });
          return problem(409, "stale_version");
        }
        room = makeRoom({ version: 3, goal: "Theirs", name: "Mine" });
        return json(room);
      },
    });
    const user = open();
    const name = await screen.findByRole("textbox", { name: "Name" });
    await user.clear(name);
    await user.type(name, "Mine");
    await user.click(screen.getByRole("button", { name: "Save room" }));
    expect((await screen.findByRole("alert")).textContent).toContain("meanwhile: goal.");
    expect((name as HTMLInputElement).value).toBe("Mine");
    await user.click(screen.getByRole("button", { name: "Save room" }));
    await screen.findByText("Saved");
    expect(changes(asked).map(([, ifMatch]) => ifMatch)).toEqual(['"1"', '"2"']);
  });

  it("keeps a draft over a reload, until it is discarded", async () => {
    serve();
    const user = open();
    await user.type(await screen.findByRole("textbox", { name: /^Goal/ }), "Ship it");
    cleanup();
    const again = open();
    const goal = await screen.findByDisplayValue("Ship it");
    await again.click(screen.getByRole("button", { name: "Discard" }));
    expect((goal as HTMLTextAreaElement).value).toBe("");
    expect(localStorage.getItem("pantheon.room-draft.room")).toBeNull();
  });

  it("asks an orchestrator's room for a goal before it is saved", async () => {
    const asked = serve();
    const user = open();
    await user.click(await screen.findByRole("radio", { name: /^Orchestrator/ }));
    await user.click(screen.getByRole("button", { name: "Save room" }));
    expect(screen.getByText(/needs a goal/)).toBeTruthy();
    expect(changes(asked)).toEqual([]);
  });

  it("lets one model write the summaries, and leaves it to the agents again", async () => {
    let model: string | null = null;
    let version = 1;
    const asked = serve({
      "GET /api/v1/rooms/room": () => json(makeRoom({ version, summary_model: model })),
      "PATCH /api/v1/rooms/room": ({ body }) => {
        model = (body as { summary_model: string | null }).summary_model;
        version += 1;
        return json(makeRoom({ version, summary_model: model }));
      },
    });
    const user = open();
    const block = await screen.findByRole("region", { name: "Summaries of older turns" });
    const summaries = within(block);
    const usual = summaries.getByRole<HTMLInputElement>("radio", { name: /^As usual/ });
    expect(usual.checked).toBe(true);
    await user.click(summaries.getByRole("radio", { name: /^A model/ }));
    const picker = summaries.getByRole<HTMLInputElement>("combobox");
    expect(picker.value).toBe("demo/analyst");
    await user.clear(picker);
    await user.type(picker, "demo/fast");
    await user.click(screen.getByRole("button", { name: "Save room" }));
    await screen.findByText("Saved");
    await user.click(usual);
    await user.click(screen.getByRole("button", { name: "Save room" }));
    await waitFor(() =>
      expect(changes(asked).map(([, ifMatch, body]) => [ifMatch, body])).toEqual([
        ['"1"', { summary_model: "demo/fast" }],
        ['"2"', { summary_model: null }],
      ]),
    );
  });

  it("edits the agent of a seat, whose key nobody else has", async () => {
    const asked = serve({
      "PATCH /api/v1/agents/agent-skeptic": () => json(makeAgent("doubter", { version: 2 })),
    });
    const user = open();
    await user.click(await screen.findByRole("button", { name: "Edit Skeptic" }));
    const pane = screen.getByRole("complementary", { name: "Skeptic" });
    const key = within(pane).getByRole("textbox", { name: /^Key/ });
    await user.clear(key);
    await user.type(key, "analyst");
    expect(within(pane).getByText(/Another agent is @analyst/)).toBeTruthy();
    await user.clear(key);
    await user.type(key, "doubter");
    await user.click(screen.getByRole("button", { name: "Save room" }));
    await waitFor(() =>
      expect(changes(asked)).toEqual([
        ["PATCH /api/v1/agents/agent-skeptic", '"1"', { key: "doubter" }],
      ]),
    );
  });

  it("lets an agent see less in this room only", async () => {
    const asked = serve({
      "PATCH /api/v1/rooms/room/agents/agent-analyst": () =>
        json(makeSeat("analyst", 1), 200, { ETag: '"2"' }),
    });
    const user = open();
    await user.click(await screen.findByRole("button", { name: "Edit Analyst" }));
    await user.click(screen.getByRole("checkbox", { name: "Only in this room" }));
    await user.click(screen.getByRole("radio", { name: /^The last turns/ }));
    await user.click(screen.getByRole("button", { name: "Save room" }));
    await waitFor(() =>
      expect(changes(asked)[0]?.[2]).toEqual({
        muted: false,
        context: { policy: "last", last_turns: 4 },
      }),
    );
  });

  it("offers to restore a room that is gone", async () => {
    let restored = false;
    const asked = serve({
      "GET /api/v1/rooms/gone": () =>
        restored ? json(makeRoom({ id: "gone" })) : problem(404, "not_found"),
      "POST /api/v1/rooms/gone/restore": () => {
        restored = true;
        return json(makeRoom({ id: "gone" }));
      },
    });
    const user = open("gone");
    await user.click(await screen.findByRole("button", { name: "Restore it" }));
    await screen.findByRole("heading", { name: /Edit room/ });
    expect(changes(asked)[0]?.[0]).toBe("POST /api/v1/rooms/gone/restore");
  });
});

describe("a new room", () => {
  it("is made with its seats and a session, once it has a name", async () => {
    const asked = serve({
      "POST /api/v1/rooms": () => json(makeRoom({ id: "made", agents: [] }), 201),
      "POST /api/v1/rooms/made/agents": () => json(makeSeat("skeptic", 1), 201, { ETag: '"2"' }),
      "GET /api/v1/sessions": items([]),
      "POST /api/v1/rooms/made/sessions": () => json({ id: "s", room_id: "made" }, 201),
    });
    const user = open("new");
    await user.click(await screen.findByRole("button", { name: "Create room" }));
    expect(changes(asked)).toEqual([]);
    await user.type(screen.getByRole("textbox", { name: /^Name/ }), "Desk");
    await user.click(screen.getByRole("button", { name: "Add agent" }));
    await user.click(await screen.findByRole("menuitem", { name: /Skeptic/ }));
    await user.click(screen.getByRole("button", { name: "Create room" }));
    await waitFor(() => expect(location.pathname).toBe("/s/s"));
    expect(changes(asked).map(([what]) => what)).toEqual([
      "POST /api/v1/rooms",
      "POST /api/v1/rooms/made/agents",
      "POST /api/v1/rooms/made/sessions",
    ]);
  });
});
