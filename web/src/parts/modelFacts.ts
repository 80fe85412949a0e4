/** What is told of a model beside its name. */

import type { Model } from "../api/types";
import { isFree, windowSize } from "../lib/format";
import { t } from "../lib/strings";
import { agent as words } from "../lib/strings.room";

/** "0.300000" → "0.30": a price per million tokens, with two decimals or as many as it has. */
export function price(value: string): string {
  const [whole = "0", fraction = ""] = value.split(".");
  return `${whole}.${fraction.replace(/0+$/, "").padEnd(2, "0")}`;
}

/** "1 M window, $0.30 in, $2.50 out per million tokens". */
export function modelFacts({ context_window, prices }: Model): string {
  return words.modelFacts(windowSize(context_window), pricesOf(prices));
}

export function pricesOf(prices: Model["prices"]): string {
  if (!prices) return words.unpriced;
  if (isFree(prices.input) && isFree(prices.output)) return t.money.free;
  return words.priceOf(price(prices.input), price(prices.output));
}
