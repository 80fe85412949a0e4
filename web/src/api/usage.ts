/** Usage: sums over days, agents and the like, and the calls themselves. */

import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { answer, BASE, http } from "./http";
import { networkProblem, problemOf } from "./problems";
import type { components } from "./schema";

export type Call = components["schemas"]["Call"];
export type UsageSum = components["schemas"]["UsageSum"];
export type Group = "day" | "agent" | "purpose" | "model" | "room" | "user" | "turn";

const MOST = 200;
const CALLS = 100;
/** Of days × agents there can be more than a page; past this the chart would not be read. */
const PAGES = 10;

/** The sums since `from`, by each combination of `groups`. `whole` says that there are no more. */
export const sums = (from: string, ...groups: Group[]) =>
  queryOptions({
    queryKey: ["usage", from, groups],
    queryFn: async ({ signal }) => {
      const items: UsageSum[] = [];
      let cursor: string | undefined;
      for (let page = 0; page < PAGES; page += 1) {
        const query = { group_by: groups.join(), from, limit: MOST, cursor };
        const got = await answer(http.GET("/api/v1/usage", { params: { query }, signal }));
        items.push(...got.items);
        if (got.next_cursor === null) return { items, whole: true };
        cursor = got.next_cursor;
      }
      return { items, whole: false };
    },
  });

/** The calls since `from`, the newest first, page by page. */
export const callPages = (from: string) =>
  infiniteQueryOptions({
    queryKey: ["calls", from],
    queryFn: ({ pageParam, signal }) =>
      answer(
        http.GET("/api/v1/usage/calls", {
          params: { query: { from, limit: CALLS, cursor: pageParam } },
          signal,
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });

/** All calls since `from` as comma-separated values. Throws ApiProblem. */
export async function callsTable(from: string): Promise<Blob> {
  const query = new URLSearchParams({ from });
  const response = await fetch(`${BASE}/usage/calls?${query}`, {
    headers: { Accept: "text/csv" },
  }).catch(() => {
    throw networkProblem();
  });
  if (!response.ok) {
    throw problemOf(response, await response.json().catch(() => undefined));
  }
  return response.blob();
}
