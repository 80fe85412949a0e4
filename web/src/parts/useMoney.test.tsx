import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";

import { createQueryClient } from "../api/queries";
import { makeBudget, makeWallet, serveMoney } from "../testing/money";
import { serve } from "../testing/server";

import { useBudgets, useWallet } from "./useMoney";

afterEach(() => vi.unstubAllGlobals());

function Shown() {
  return <p>{`${useWallet()?.balance ?? "nothing"}, ${useBudgets().length} budgets`}</p>;
}

function show() {
  render(
    <QueryClientProvider client={createQueryClient()}>
      <Shown />
    </QueryClientProvider>,
  );
}

it("tells the wallet and the budgets where calls are charged", async () => {
  serveMoney(makeWallet({ enforcement: "warn" }), [makeBudget("b")]);
  show();
  await screen.findByText("18.4201, 1 budgets");
});

it("tells nothing, and asks for no budget, where nothing is charged", async () => {
  const asked = serveMoney(makeWallet({ enforcement: "off" }), [makeBudget("b")]);
  show();
  await waitFor(() => expect(asked.map((one) => one.path)).toContain("/api/v1/wallet"));
  await screen.findByText("nothing, 0 budgets");
  expect(asked.map((one) => one.path)).not.toContain("/api/v1/budgets");
});

it("asks for no wallet where the server knows none", async () => {
  const asked = serve();
  show();
  await waitFor(() => expect(asked.map((one) => one.path)).toContain("/api/v1/info"));
  await screen.findByText("nothing, 0 budgets");
  expect(asked.map((one) => one.path)).not.toContain("/api/v1/wallet");
});
