/** Requests to the server this page came from. The session cookie travels by itself. */

import { networkProblem, problemOf } from "./problems";

export const BASE = "/api/v1";

interface Options {
  body?: unknown;
  /** Sent as `Idempotency-Key`: repeated with the same key, the request is done once. */
  key?: string;
  /** Sent as `If-Match`: the version that the change is based on. */
  version?: number;
  signal?: AbortSignal;
}

/** Ask `path` below the API's base. Throws ApiProblem, or the signal's reason when it aborts. */
export async function request<Answer>(
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  options: Options = {},
): Promise<Answer> {
  const headers = new Headers({ Accept: "application/json" });
  if (options.body !== undefined) headers.set("Content-Type", "application/json");
  if (options.key !== undefined) headers.set("Idempotency-Key", options.key);
  if (options.version !== undefined) headers.set("If-Match", `"${options.version}"`);
  let response: Response;
  try {
    response = await fetch(BASE + path, {
      method,
      headers,
      body: options.body === undefined ? null : JSON.stringify(options.body),
      signal: options.signal ?? null,
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw networkProblem();
  }
  if (!response.ok) throw await problemOf(response);
  if (response.status === 204) return undefined as Answer;
  return (await response.json()) as Answer;
}
