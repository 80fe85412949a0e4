/** A server that charges, for tests of screens. */

import type { Budget, Transaction, Wallet } from "../api/types";

import { items, json, serve } from "./server";

export function makeWallet(part: Partial<Wallet> = {}): Wallet {
  return {
    balance: "18.4201",
    reserved: "0.0486",
    available: "18.3715",
    low_balance: false,
    low_below: "1.0000",
    enforcement: "enforce",
    ...part,
  };
}

export function makeBudget(id: string, part: Partial<Budget> = {}): Budget {
  return {
    id,
    scope: "room",
    scope_id: "room",
    period: "day",
    since: "2026-01-01",
    limit: "2.0000",
    spent: "0.2100",
    reserved: "0.0486",
    free: "1.7414",
    created_at: "2026-01-01T00:00:00Z",
    updated_at: "2026-01-01T00:00:00Z",
    version: 3,
    ...part,
  };
}

export function makeTransaction(id: string, part: Partial<Transaction> = {}): Transaction {
  return {
    id,
    kind: "charge",
    credits: "-0.0123",
    reserved: "-0.0123",
    hold_id: "hold",
    call_id: `call-${id}`,
    user_id: null,
    reason: null,
    reference: null,
    month: "2026-01",
    created_at: "2026-01-01T00:00:00Z",
    ...part,
  };
}

/** As `serve`, with billing. */
export function serveMoney(wallet: Wallet, budgets: Budget[], answers: Parameters<typeof serve>[0] = {}) {
  return serve({
    "GET /api/v1/info": () =>
      json({
        version: "1.2.3",
        modes: ["direct", "manual", "roundtable", "orchestrator"],
        features: ["billing"],
        user: { id: "user", name: "Owner", role: "owner", scopes: [] },
        workspace: { id: "w", name: "My workspace" },
      }),
    "GET /api/v1/wallet": () => json(wallet),
    "GET /api/v1/wallet/transactions": items([]),
    "GET /api/v1/budgets": items(budgets),
    ...answers,
  });
}
