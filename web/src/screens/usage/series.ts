/** From sums by day and agent to the stacked bars of a chart. */

import type { UsageSum } from "../../api/usage";
import { addDecimals, isFree } from "../../lib/format";
import { usage as words } from "../../lib/strings.usage";

export interface Series {
  /** The agent's key; "" for calls of no agent and for the rest. */
  key: string;
  name: string;
  /** An agent's colour, 0 for none. */
  color: number;
}
export interface Bar {
  /** YYYY-MM-DD. */
  day: string;
  /** One per series: what is shown of it, and how high it stands. */
  parts: { amount: string | null; height: number }[];
  total: string | null;
  height: number;
}
export interface Chart {
  /** Tokens are shown where nothing has a cost. */
  measure: "cost" | "tokens";
  series: Series[];
  bars: Bar[];
  highest: number;
}
export interface Named {
  key: string;
  name: string;
  color: number;
}

const MOST_SERIES = 6;

/** The days from `from` up to `to`, as YYYY-MM-DD of this device's calendar. */
export function daysBetween(from: Date, to: Date): string[] {
  const days: string[] = [];
  for (const at = new Date(from); at <= to; at.setDate(at.getDate() + 1)) days.push(dayOf(at));
  return days;
}

/** The calendar day of a moment on this device. */
export function dayOf(at: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/**
 * The bars of `days`, stacked by agent: the dearest first, those past the sixth as "Others". By
 * tokens where nothing cost anything.
 */
export function chartOf(sums: UsageSum[], days: string[], agents: Named[]): Chart {
  const costs = sums.map((sum) => sum.usage.cost_usd);
  const measure = costs.every((cost) => cost === null || isFree(cost)) ? "tokens" : "cost";
  const amountOf = (sum: UsageSum): string | null =>
    measure === "cost"
      ? sum.usage.cost_usd
      : String(sum.usage.input_tokens + sum.usage.output_tokens);
  const ofAgent = new Map<string, number>();
  for (const sum of sums) {
    const key = sum.agent ?? "";
    ofAgent.set(key, (ofAgent.get(key) ?? 0) + Number(amountOf(sum) ?? 0));
  }
  const ranked = [...ofAgent]
    .filter(([, amount]) => amount > 0)
    .sort(([a, more], [b, less]) => less - more || a.localeCompare(b))
    .map(([key]) => key);
  const crowded = ranked.length > MOST_SERIES;
  const own = crowded ? ranked.slice(0, MOST_SERIES - 1) : ranked;
  const series = own.map((key) => seriesOf(key, agents));
  if (crowded) series.push({ key: "", name: words.others, color: 0 });
  const place = (sum: UsageSum): number => {
    const at = own.indexOf(sum.agent ?? "");
    return at >= 0 ? at : own.length;
  };
  // The workspace's days can begin earlier or later than this device's.
  const all = [...new Set([...days, ...sums.flatMap((sum) => sum.day ?? [])])].sort();
  const bars = all.map((day) => {
    const here = sums.filter((sum) => sum.day === day);
    const parts = series.map((_, index) => {
      const amount = addDecimals(
        here.filter((sum) => place(sum) === index).map((sum) => amountOf(sum)),
      );
      return { amount, height: Number(amount ?? 0) };
    });
    return {
      day,
      parts,
      total: addDecimals(here.map(amountOf)),
      height: parts.reduce((sum, part) => sum + part.height, 0),
    };
  });
  return { measure, series, bars, highest: Math.max(0, ...bars.map((bar) => bar.height)) };
}

function seriesOf(key: string, agents: Named[]): Series {
  const agent = agents.find((other) => other.key === key);
  return {
    key,
    name: agent?.name ?? (key === "" ? words.noAgent : key),
    color: agent?.color ?? 0,
  };
}

/** Round values for the axis, from 0 to at least `highest`: four steps of 1, 2, 2.5 or 5 × 10ⁿ. */
export function axisOf(highest: number): number[] {
  if (highest <= 0) return [0];
  const rough = highest / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5].find((factor) => factor * power >= rough) ?? 10);
  const ticks = [0];
  while ((ticks.at(-1) ?? 0) < highest - step * 1e-9) ticks.push(ticks.length * step);
  return ticks;
}

/** The middle of decimal strings, of two the lower; `null` where none is known. */
export function medianOf(values: (string | null)[]): string | null {
  const known = values.filter((value) => value !== null);
  known.sort((a, b) => Number(a) - Number(b));
  return known[Math.floor((known.length - 1) / 2)] ?? null;
}
