/** What went wrong with a request, as the server tells it. */

import { t } from "../lib/strings";

import type { Budget, Problem } from "./types";

const PAYMENT_REQUIRED = 402;

/** What a refusal for lack of credits tells: whose budget (the balance's without one), and how much. */
export interface Lack {
  budget: {
    /** "turn" where the turn's own limit is meant. */
    scope: Budget["scope"] | "turn";
    scope_id?: string;
    period: Budget["period"];
  } | null;
  needed: string;
  free: string;
  reserved: string;
}

/** A refusal of the server (RFC 9457), or no answer at all (`status` 0, code "network"). */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly retryAfterMs: number | null;
  readonly lack: Lack | null;

  constructor(
    status: number,
    code: string,
    words: string,
    retryAfterMs: number | null = null,
    lack: Lack | null = null,
  ) {
    super(words);
    this.name = "ApiProblem";
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
    this.lack = lack;
  }
}

/** The problem that a response which is not 2xx tells; `body` is what it carries, parsed. */
export function problemOf(response: Response, body: unknown): ApiProblem {
  const told: Partial<Problem & Lack> = typeof body === "object" && body !== null ? body : {};
  const fields = told.errors?.map((error) => error.detail).filter(Boolean) ?? [];
  const words = [told.detail ?? told.title ?? t.problems.unknown(response.status), ...fields];
  return new ApiProblem(
    response.status,
    told.code ?? "unknown",
    words.join(" "),
    retryAfterMs(response),
    response.status === PAYMENT_REQUIRED ? lackOf(told) : null,
  );
}

function lackOf({ budget = null, needed, free, reserved }: Partial<Lack>): Lack | null {
  if (needed === undefined || free === undefined || reserved === undefined) return null;
  return { budget, needed, free, reserved };
}

/** The problem of a request that got no answer. */
export function networkProblem(): ApiProblem {
  return new ApiProblem(0, "network", t.problems.network);
}

function retryAfterMs(response: Response): number | null {
  const value = response.headers.get("Retry-After");
  const seconds = value === null ? NaN : Number(value);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : null;
}
