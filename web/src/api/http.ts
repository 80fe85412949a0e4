/** Requests to the server this page came from. The session cookie travels by itself. */

import createClient from "openapi-fetch";

import { networkProblem, problemOf } from "./problems";
import type { paths } from "./schema";

export const BASE = "/api/v1";

/** The typed client; its answers go through `answer`. */
export const http = createClient<paths, "application/json">({
  // Looked up at each request, so that it can be replaced.
  fetch: (request) => fetch(request),
});

/** What `pending` brings. Throws ApiProblem, or the reason of an aborted signal. */
export async function answer<Data>(
  pending: Promise<{ data?: Data; error?: unknown; response: Response }>,
): Promise<Data> {
  const { data, error, response } = await pending.catch((reason: unknown) => {
    if (reason instanceof DOMException && reason.name === "AbortError") throw reason;
    throw networkProblem();
  });
  if (!response.ok) throw problemOf(response, error);
  return data as Data;
}

/** As `answer`, with the version that the ETag tells. */
export async function answerWithVersion<Data>(
  pending: Promise<{ data?: Data; error?: unknown; response: Response }>,
): Promise<{ data: Data; version: number }> {
  const data = await answer(pending);
  const tag = (await pending).response.headers.get("ETag");
  return { data, version: Number(tag?.replaceAll('"', "")) };
}

/** Only what still has this version is to be changed; without one, whatever is there. */
export const ifMatch = (version: number | undefined) =>
  version === undefined ? {} : { "if-match": `"${version}"` };
