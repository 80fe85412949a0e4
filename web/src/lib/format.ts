/** Numbers as people read them. Money stays a decimal string: no float touches it. */

import { t } from "./strings";

const PLACES = 12;

/** A decimal string as an integer of 10⁻¹² units; digits beyond are cut. */
function units(decimal: string): bigint {
  const negative = decimal.startsWith("-");
  const [whole = "0", fraction = ""] = decimal.replace(/^[+-]/, "").split(".");
  const value = BigInt((whole || "0") + fraction.padEnd(PLACES, "0").slice(0, PLACES));
  return negative ? -value : value;
}

/** The sum of decimal strings, as a decimal string; `null` where none is known. */
export function addDecimals(values: (string | null)[]): string | null {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return null;
  const sum = known.reduce((total, value) => total + units(value), 0n);
  const text = (sum < 0n ? -sum : sum).toString().padStart(PLACES + 1, "0");
  return `${sum < 0n ? "-" : ""}${text.slice(0, -PLACES)}.${text.slice(-PLACES)}`;
}

/**
 * "$0.0092" below a dollar, "$12.50" from a dollar on, "≈" before an estimate; "free" where the
 * cost is known to be nothing, "unpriced" where it is not known.
 */
export function usd(value: string | null, estimated = false): string {
  if (value === null) return t.money.unpriced;
  const amount = units(value);
  const size = amount < 0n ? -amount : amount;
  if (size === 0n) return t.money.free;
  if (size < units("0.0001")) return `${estimated ? "≈" : ""}${t.money.less}`;
  return `${estimated ? "≈" : ""}${amount < 0n ? "−" : ""}$${rounded(size)}`;
}

/** Four decimals below one, two from one on; what rounds up to one is shown as one. */
function rounded(size: bigint): string {
  const places = size < units("0.99995") ? 4 : 2;
  const step = 10n ** BigInt(PLACES - places);
  const digits = ((size + step / 2n) / step).toString().padStart(places + 1, "0");
  return `${BigInt(digits.slice(0, -places)).toLocaleString("en")}.${digits.slice(-places)}`;
}

/**
 * "$0.04–0.18", "up to $0.18", "free": what something will cost at least and at most. A forecast
 * needs no zeros at its end.
 */
export function usdRange(low: string, high: string): string {
  const [from, to] = [low, high].map((value) => usd(value).replace(/(\.\d\d\d*?)0+$/, "$1"));
  if (from === to || isFree(high)) return to ?? "";
  return isFree(low) ? t.money.upTo(to ?? "") : `${from}–${to?.replace("$", "")}`;
}

/** "0.0092" or "0.25" below one credit, "12.50" from one on, without their unit. */
export function creditsOf(value: string): string {
  const amount = units(value);
  if (amount === 0n) return "0";
  const size = amount < 0n ? -amount : amount;
  const sign = amount < 0n ? "−" : "";
  if (size < units("0.0001")) return `${sign}${t.money.lessCredits}`;
  return `${sign}${rounded(size).replace(/(\.\d\d\d*?)0+$/, "$1")}`;
}

/** How much of `limit` is `spent`, in percent, 0 to 100. */
export function percentOf(spent: string, limit: string): number {
  const [part, whole] = [units(spent), units(limit)];
  if (whole <= 0n || part >= whole) return 100;
  return part <= 0n ? 0 : Number((part * 1000n) / whole) / 10;
}

/** Whether `a` is more than `b`; both are decimals. */
export const isMore = (a: string, b: string): boolean => units(a) > units(b);

/** Whether a cost is known and nothing. */
export function isFree(value: string | null): boolean {
  return value !== null && units(value) === 0n;
}

/** 6414 → "6,414". */
export function count(value: number): string {
  return value.toLocaleString("en");
}

/** A window of tokens: 200000 → "200 k", 1048576 → "1 M", 8192 → "8 k". */
export function windowSize(tokens: number): string {
  if (tokens >= 1_000_000) return `${Math.round(tokens / 1_000_000)} M`;
  if (tokens >= 1_000) return `${Math.round(tokens / 1_000)} k`;
  return String(tokens);
}

/** 42 → "42 ms", 4100 → "4.1 s", 38000 → "38 s", 71000 → "1:11". */
export function duration(ms: number): string {
  if (ms < 100) return `${Math.round(ms)} ms`;
  if (ms < 9_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  return seconds < 60 ? `${seconds} s` : clock(ms);
}

/** 38900 → "38 s", 71000 → "1:11": the time of what still runs, by whole seconds. */
export function elapsed(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  return seconds < 60 ? `${seconds} s` : clock(ms);
}

/** A time as the reader's clock has it: "14:05", with its day where that is not today. */
export function moment(time: string): string {
  const at = new Date(time);
  const clockTime = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  if (at.toDateString() === new Date().toDateString()) return clockTime;
  return `${at.toLocaleDateString([], { day: "numeric", month: "short" })}, ${clockTime}`;
}

/** 38000 → "0:38". */
export function clock(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** 3921 → "3,921", 39210 → "39.2 k", 3921000 → "3.92 M": three digits that matter. */
export function large(value: number): string {
  if (value < 10_000) return count(Math.round(value));
  const [scaled, unit] = value < 999_500 ? [value / 1_000, "k"] : [value / 1_000_000, "M"];
  return `${scaled.toLocaleString("en", { maximumSignificantDigits: 3 })} ${unit}`;
}

/** "2026-11-24" → "24 Nov", in the reader's language. */
export function dayLabel(day: string): string {
  const at = new Date(`${day}T12:00:00`);
  return at.toLocaleDateString([], { day: "numeric", month: "short" });
}
