import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";

import { createQueryClient } from "../../api/queries";
import type { Room } from "../../api/types";
import { makeTimeline, makeTurn } from "../../testing/make";
import { makeBudget, makeWallet, serveMoney } from "../../testing/money";
import { makeRoom } from "../../testing/server";

import { PanelFoot } from "./PanelFoot";

afterEach(() => vi.unstubAllGlobals());

function show(room: Room) {
  const place = { name: room.name, room, seats: [], modes: [], model: null, notes: [] };
  const { container } = render(
    <QueryClientProvider client={createQueryClient()}>
      <PanelFoot timeline={makeTimeline([makeTurn("t", { status: "completed" })])} place={place} />
    </QueryClientProvider>,
  );
  return () => [...container.querySelectorAll(".kv")].map((row) => row.textContent);
}

it("tells what holds for one agent: as the room has it, else as the server does", () => {
  serveMoney(makeWallet({ enforcement: "off" }), []);
  const shown = show(makeRoom({ mode: "orchestrator", limits: { step_seconds: 60 } }));
  expect(shown()).toEqual(["Calls of one agent3 at most", "Seat time limit1:00"]);
});

it("tells of each budget of this session what is spent of it, and what is reserved", async () => {
  const month = { scope: "session", scope_id: "session", period: "month" } as const;
  serveMoney(makeWallet({ reserved: "0.9000" }), [
    makeBudget("b1"),
    makeBudget("b2", { ...month, limit: "5.0000", spent: "1.2500", reserved: "0.0100" }),
    makeBudget("b3", { period: "turn", limit: "0.5000", spent: null, reserved: null, free: null }),
    makeBudget("b4", { scope_id: "another room", reserved: "0.7700" }),
  ]);
  const shown = show(makeRoom());
  await screen.findByText("Room today");
  await waitFor(() =>
    expect(shown()).toEqual([
      "Room today0.21 of 2.00 credits",
      "Reserved by what runs0.0486 credits",
      "Session this month1.25 of 5.00 credits",
      "Reserved by what runs0.01 credits",
      "Room, each turn0.50 credits",
      "Seat time limit3:00",
    ]),
  );
});
