/** What went wrong with a request, as the server tells it. */

import { t } from "../lib/strings";

interface ProblemDocument {
  code?: string;
  title?: string;
  detail?: string;
  status?: number;
  errors?: { loc?: (string | number)[]; msg?: string }[];
}

/** A refusal of the server (RFC 9457), or no answer at all (`status` 0, code "network"). */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly retryAfterMs: number | null;
  readonly extra: Record<string, unknown>;

  constructor(status: number, document: ProblemDocument, retryAfterMs: number | null = null) {
    super(document.detail ?? document.title ?? t.problems.unknown(status));
    this.name = "ApiProblem";
    this.status = status;
    this.code = document.code ?? (status === 0 ? "network" : "unknown");
    this.title = document.title ?? t.problems.refused;
    this.retryAfterMs = retryAfterMs;
    this.extra = { ...document };
  }
}

/** The problem that a response which is not 2xx carries; other bodies become one without details. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const text = await response.text().catch(() => "");
  return new ApiProblem(response.status, document(text), retryAfterMs(response));
}

/** The problem of a request that got no answer. */
export function networkProblem(): ApiProblem {
  return new ApiProblem(0, { code: "network", detail: t.problems.network });
}

function document(text: string): ProblemDocument {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

function retryAfterMs(response: Response): number | null {
  const value = response.headers.get("Retry-After");
  const seconds = value === null ? NaN : Number(value);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : null;
}
