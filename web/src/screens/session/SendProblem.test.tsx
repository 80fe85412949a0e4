import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";

import { problemOf } from "../../api/problems";
import { createQueryClient } from "../../api/queries";
import { makeWallet, serveMoney } from "../../testing/money";

import { SendProblem } from "./SendProblem";

afterEach(() => vi.unstubAllGlobals());

function show(body: Record<string, unknown>) {
  serveMoney(makeWallet(), []);
  const figures = { needed: "2.1000", free: "1.7414", reserved: "0.0486" };
  const refusal = problemOf(new Response(null, { status: 402 }), { ...figures, ...body });
  render(
    <QueryClientProvider client={createQueryClient()}>
      <SendProblem problem={refusal} onDismiss={() => undefined} />
    </QueryClientProvider>,
  );
}
const alert = () => screen.getByRole("alert").textContent;

describe("a refusal for lack of credits", () => {
  it("names the budget, what is needed, what is free and what is reserved", async () => {
    show({ code: "budget_exceeded", budget: { scope: "room", scope_id: "room", period: "day" } });
    await screen.findByText("Today's budget of Launch review does not cover this.");
    expect(alert()).toContain("your text is kept");
    expect(alert()).toContain("Needed at most2.10 credits");
    expect(alert()).toContain("Free1.74 credits");
    expect(alert()).toContain("Reserved by what runs0.0486 credits");
    expect(screen.getByRole("link", { name: "Budgets" }).getAttribute("href")).toBe(
      "/settings/budgets",
    );
  });

  it("names the turn's own limit", () => {
    show({ code: "budget_exceeded", budget: { scope: "turn", period: "turn" } });
    expect(alert()).toContain("The limit of this turn does not cover this.");
  });

  it("names the balance where there is no budget", () => {
    show({ code: "insufficient_credits" });
    expect(alert()).toContain("The balance does not cover this.");
  });

  it("says what the server says where it tells no figures", () => {
    show({ code: "insufficient_credits", detail: "There is nothing.", needed: undefined });
    expect(alert()).toContain("There is nothing.");
  });
});
