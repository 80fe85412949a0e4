/** Credits: the wallet, what has moved it, and the budgets that limit what is spent from it. */

import { infiniteQueryOptions, queryOptions, type QueryClient } from "@tanstack/react-query";

import { answer, http, ifMatch } from "./http";
import type { Budget, NewBudget, Wallet } from "./types";

const MOST = 200;
/** There are few budgets; past this many a list would not be read. */
const PAGES = 5;
const MOVEMENTS = 50;

export const wallet = queryOptions({
  queryKey: ["wallet"],
  queryFn: ({ signal }) => answer(http.GET("/api/v1/wallet", { signal })),
});

/** All budgets, the oldest first. */
export const budgets = queryOptions({
  queryKey: ["budgets"],
  queryFn: async ({ signal }) => {
    const items: Budget[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < PAGES; page += 1) {
      const query = { limit: MOST, cursor };
      const got = await answer(http.GET("/api/v1/budgets", { params: { query }, signal }));
      items.push(...got.items);
      if (got.next_cursor === null) break;
      cursor = got.next_cursor;
    }
    return items;
  },
});

/** What has moved the balance, the newest first, page by page. */
export const transactionPages = infiniteQueryOptions({
  queryKey: ["transactions"],
  queryFn: ({ pageParam, signal }) =>
    answer(
      http.GET("/api/v1/wallet/transactions", {
        params: { query: { limit: MOVEMENTS, cursor: pageParam } },
        signal,
      }),
    ),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (last) => last.next_cursor ?? undefined,
});

/** Ask again what there is to spend, where somebody looks at it. */
export const refreshMoney = (client: QueryClient) =>
  Promise.all([
    client.invalidateQueries({ queryKey: wallet.queryKey }),
    client.invalidateQueries({ queryKey: budgets.queryKey }),
    client.invalidateQueries({ queryKey: transactionPages.queryKey }),
  ]);

/** Turn the switch of billing: it holds for every turn that is accepted from now on. */
export const setEnforcement = (mode: Wallet["enforcement"]) =>
  answer(http.PUT("/api/v1/admin/enforcement", { body: { mode } }));

export const createBudget = (body: NewBudget, key: string) =>
  answer(
    http.POST("/api/v1/budgets", { params: { header: { "Idempotency-Key": key } }, body }),
  );
export const changeBudget = ({ id, version }: Budget, limit: string) =>
  answer(
    http.PATCH("/api/v1/budgets/{budget_id}", {
      params: { path: { budget_id: id }, header: ifMatch(version) },
      body: { limit },
    }),
  );
export const removeBudget = ({ id }: Budget) =>
  answer(http.DELETE("/api/v1/budgets/{budget_id}", { params: { path: { budget_id: id } } }));
