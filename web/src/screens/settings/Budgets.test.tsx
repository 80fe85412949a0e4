import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";

import { createQueryClient } from "../../api/queries";
import { makeSession } from "../../testing/make";
import { makeBudget, makeTransaction, makeWallet, serveMoney } from "../../testing/money";
import { changes, items, json } from "../../testing/server";
import { problem } from "../../testing/stream";

import { Budgets } from "./Budgets";

afterEach(() => vi.unstubAllGlobals());

function open(answers: Parameters<typeof serveMoney>[2] = {}, budgets = [makeBudget("b")]) {
  const asked = serveMoney(makeWallet(), budgets, answers);
  render(
    <QueryClientProvider client={createQueryClient()}>
      <Budgets />
    </QueryClientProvider>,
  );
  return { asked, user: userEvent.setup() };
}

describe("credits and budgets", () => {
  it("tells balance, reserved and available apart, and what a budget has left", async () => {
    open();
    const purse = within(await screen.findByRole("region", { name: "Credits and budgets" }));
    const facts = purse.getAllByRole("definition").map((fact) => fact.textContent);
    expect(facts).toEqual(["18.42credits", "0.0486credits", "18.37credits"]);
    const row = await screen.findByRole("listitem");
    await waitFor(() => expect(row.textContent).toContain("Today's budget of Launch review"));
    expect(row.textContent).toContain("0.21 of 2.00 credits");
    expect(row.textContent).toContain("0.0486 reserved");
    expect(row.textContent).toContain("1.74 free");
  });

  it("sets a budget of a room", async () => {
    const { asked, user } = open({ "POST /api/v1/budgets": () => json(makeBudget("new"), 201) }, []);
    await user.click(await screen.findByRole("button", { name: "New budget" }));
    await user.selectOptions(screen.getByRole("combobox", { name: "Of what" }), "room");
    await user.selectOptions(screen.getByRole("combobox", { name: "In how long" }), "month");
    const create = screen.getByRole<HTMLButtonElement>("button", { name: "Set budget" });
    await user.type(screen.getByRole("textbox", { name: "Limit in credits" }), "0,0");
    expect(create.disabled).toBe(true);
    await user.type(screen.getByRole("textbox", { name: "Limit in credits" }), "5");
    await user.click(create);
    await screen.findByRole("button", { name: "New budget" });
    const body = { scope: "room", scope_id: "room", period: "month", limit: "0.05" };
    expect(changes(asked)).toEqual([["POST /api/v1/budgets", null, body]]);
  });

  it("sets a budget of a session", async () => {
    const { asked, user } = open(
      {
        "GET /api/v1/sessions": items([
          makeSession({ id: "s1", name: "Launch plan" }),
          makeSession({ id: "s2" }),
        ]),
        "POST /api/v1/budgets": () => json(makeBudget("new"), 201),
      },
      [],
    );
    await user.click(await screen.findByRole("button", { name: "New budget" }));
    await user.selectOptions(screen.getByRole("combobox", { name: "Of what" }), "session");
    const which = screen.getByRole<HTMLSelectElement>("combobox", { name: "Which session" });
    await waitFor(() =>
      expect([...which.options].map((one) => one.text)).toEqual(["Launch plan", "New session"]),
    );
    await user.selectOptions(which, "s2");
    await user.type(screen.getByRole("textbox", { name: "Limit in credits" }), "2");
    await user.click(screen.getByRole("button", { name: "Set budget" }));
    await screen.findByRole("button", { name: "New budget" });
    const body = { scope: "session", scope_id: "s2", period: "day", limit: "2" };
    expect(changes(asked)).toEqual([["POST /api/v1/budgets", null, body]]);
  });

  it("changes a limit as it was read, and keeps what was written when somebody was faster", async () => {
    const { asked, user } = open({
      "PATCH /api/v1/budgets/b": () => problem(409, "stale_version"),
    });
    await user.click(await screen.findByRole("button", { name: /^Change/ }));
    const limit = screen.getByRole<HTMLInputElement>("textbox", { name: "Limit in credits" });
    await user.clear(limit);
    await user.type(limit, "3.5");
    await user.click(screen.getByRole("button", { name: "Save" }));
    expect((await screen.findByRole("alert")).textContent).toBe("It says stale_version.");
    expect(limit.value).toBe("3.5");
    expect(changes(asked)).toEqual([["PATCH /api/v1/budgets/b", '"3"', { limit: "3.5" }]]);
  });

  it("offers no change to who may not", async () => {
    open({
      "GET /api/v1/info": () =>
        json({
          version: "1",
          modes: [],
          features: ["billing"],
          user: { id: "user", name: "M", role: "member", scopes: [] },
          workspace: { id: "w", name: "W" },
        }),
    });
    await screen.findByText("Only an owner or an admin changes budgets.");
    await screen.findByRole("listitem");
    expect(screen.queryByRole("button")).toBeNull();
    expect(screen.queryByRole("radio")).toBeNull();
    screen.getByText(/What goes past the balance or a budget is refused/);
    await screen.findByText(/the charges of your own calls/);
  });
});

describe("the switch of billing", () => {
  it("is turned once it was said what that does", async () => {
    const { asked, user } = open({
      "PUT /api/v1/admin/enforcement": () => json(makeWallet({ enforcement: "warn" })),
    });
    await user.click(await screen.findByRole("radio", { name: /^Charge and warn/ }));
    const dialog = within(await screen.findByRole("dialog", { name: "Charge calls, and warn?" }));
    dialog.getByText(/runs all the same, with a warning/);
    await user.click(dialog.getByRole("button", { name: "Cancel" }));
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(changes(asked)).toEqual([]);
    await user.click(screen.getByRole("radio", { name: /^Charge and warn/ }));
    await user.click(await screen.findByRole("button", { name: "Charge and warn" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(changes(asked)).toEqual([["PUT /api/v1/admin/enforcement", null, { mode: "warn" }]]);
  });

  it("says why it could not be turned, and stays as it was", async () => {
    const { user } = open({ "PUT /api/v1/admin/enforcement": () => problem(403, "forbidden") });
    await user.click(await screen.findByRole("radio", { name: /^Off/ }));
    await user.click(await screen.findByRole("button", { name: "Stop charging" }));
    expect((await screen.findByRole("alert")).textContent).toBe("It says forbidden.");
    await user.click(screen.getByRole("button", { name: "Cancel" }));
    const refuses = screen.getByRole<HTMLInputElement>("radio", { name: /^Charge and refuse/ });
    expect(refuses.checked).toBe(true);
  });
});

describe("what has moved the balance", () => {
  it("is told the newest first, page by page", async () => {
    const granted = makeTransaction("old", {
      kind: "grant",
      credits: "20",
      reason: "For the start",
    });
    const { asked, user } = open({
      "GET /api/v1/wallet/transactions": ({ query }) =>
        json(
          query.get("cursor") === "next"
            ? { items: [granted], next_cursor: null }
            : { items: [makeTransaction("new")], next_cursor: "next" },
        ),
    });
    const moved = within(await screen.findByRole("table"));
    const rows = () => moved.getAllByRole("row").slice(1).map((row) => row.textContent);
    expect(rows()).toEqual([expect.stringMatching(/^A call.*−0\.0123$/)]);
    await user.click(screen.getByRole("button", { name: "Show more" }));
    await waitFor(() => expect(rows()).toHaveLength(2));
    expect(rows()[1]).toMatch(/^GrantedFor the start.*\+20\.00$/);
    expect(screen.queryByRole("button", { name: "Show more" })).toBeNull();
    const limits = asked.filter((one) => one.path.endsWith("/transactions"));
    expect(limits.map((one) => one.query.get("limit"))).toEqual(["50", "50"]);
  });
});
