/** What can be said of a seat from the turns that are loaded. */

import type { Timeline } from "../../api/timeline";
import { addDecimals } from "../../lib/format";

export interface SeatFacts {
  /** What its calls have cost; `null` where no call has a price. */
  cost: string | null;
  calls: number;
  /** Tokens of its last request, and the model that got it; `null` before the first. */
  last: { tokens: number; model: string } | null;
}

/** Cost and last request of the agent with `key`. Taken-over answers cost nothing again. */
export function seatFacts(timeline: Timeline, key: string): SeatFacts {
  const steps = timeline.turns
    .flatMap((turn) => turn.steps)
    .filter((step) => step.agent?.key === key && step.usage.calls > 0);
  const last = steps.findLast((step) => step.usage.input_tokens > 0);
  return {
    cost: addDecimals(steps.map((step) => step.usage.cost_usd)),
    calls: steps.reduce((sum, step) => sum + step.usage.calls, 0),
    last: last?.agent ? { tokens: last.usage.input_tokens, model: last.agent.model } : null,
  };
}
